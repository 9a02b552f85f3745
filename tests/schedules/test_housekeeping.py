"""What is kept for a time, and then no longer."""

from schedules.housekeeping import forget_keys
from storage.interface import Storage
from storage.model import IdempotencyKey
from storage.writes import Place
from tests.records import DAY, HOUR, INSTANT, NOW, START, a_booking, an_event, done


async def test_keys_are_kept_for_a_day(storage: Storage):
    for number in range(3):
        booking = a_booking(start=START + number * HOUR)
        key = IdempotencyKey(caller="site", key=str(number), fingerprint="f")
        await done(storage, Place(booking, an_event(booking, at=NOW + number * HOUR), [], key))
    assert await forget_keys(storage, NOW + DAY) == 0
    assert await forget_keys(storage, NOW + DAY + INSTANT) == 1
    assert await forget_keys(storage, NOW + DAY + INSTANT) == 0
    assert await forget_keys(storage, NOW + 2 * DAY) == 2
