"""Several daemons, one outbox: nothing is sent by two, nothing stays with the dead."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from storage.interface import Storage
from storage.model import Message, MessageState
from storage.writes import Claim, Release
from tests.conformance.conftest import Daemons
from tests.conftest import Doors
from tests.deadlines import PATIENCE
from tests.records import (
    HOUR,
    NOW,
    PREPARED,
    a_booking,
    a_message,
    answer,
    claim,
    done,
    place,
    settle,
)

BOOKING = a_booking()


async def claimed_in_the_end(storage: Storage, count: int) -> Sequence[Message]:
    """Claim until there are `count`: a server may take a moment to see that somebody is gone."""
    claimed: list[Message] = []
    async with asyncio.timeout(PATIENCE):
        while len(claimed) < count:
            claimed += await claim(storage)
    return claimed


async def everything(storage: Storage) -> list[str]:
    """Claim in small parts until nothing is left."""
    ids: list[str] = []
    while claimed := await answer(storage, Claim(storage.owner, 7, NOW)):
        ids += [due.message.id for due in claimed]
    return ids


async def test_no_two_have_the_same_number(storage: Storage, doors: Doors):
    numbers = {storage.owner} | {(await doors.beside()).owner for _ in range(3)}
    assert len(numbers) == 4


async def test_daemons_that_claim_at_once_share_nothing(storage: Storage, doors: Doors):
    messages = [a_message(BOOKING) for _ in range(200)]
    await done(storage, place(BOOKING, *messages))
    both = [storage, await doors.beside()]
    parts = await asyncio.gather(*[everything(one) for one in both * 4])
    counts = Counter(id_ for part in parts for id_ in part)
    assert counts == Counter(message.id for message in messages)


async def test_a_living_daemon_keeps_its_leases(storage: Storage, doors: Doors):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [message] = await claim(storage)
    other = await doors.beside()
    assert list(await claim(other)) == []
    assert await answer(other, Release(other.owner)) == 0
    assert await answer(storage, settle(message)) is True


async def test_one_beside_sees_and_settles_only_its_own(storage: Storage, doors: Doors):
    await done(storage, place(BOOKING, a_message(BOOKING), a_message(BOOKING)))
    other = await doors.beside()
    [one] = await claim(storage, limit=1)
    [two] = await claim(other, limit=1)
    assert one.id != two.id
    assert await done(other, settle(two)) == [True]
    assert await done(storage, settle(one)) == [True]


async def test_what_a_daemon_left_behind_is_claimed_by_the_next(doors: Doors):
    first = await doors.open()
    await done(first, *PREPARED, place(BOOKING, a_message(BOOKING), a_message(BOOKING)))
    left = await claim(first)
    await doors.close(first)
    second = await doors.open()
    again = await claimed_in_the_end(second, 2)
    assert {message.id for message in again} == {message.id for message in left}
    assert {message.leased_by for message in again} == {second.owner}
    assert await done(second, *map(settle, left)) == [False, False]
    assert await done(second, *map(settle, again)) == [True, True]


async def test_what_a_killed_daemon_held_is_claimed_by_the_next(doors: Doors, daemons: Daemons):
    first = await doors.open()
    await done(first, *PREPARED, place(BOOKING, a_message(BOOKING)))
    await doors.close(first)
    held = await daemons.after("claim")
    await daemons.kill()
    [message] = await claimed_in_the_end(await doors.open(), 1)
    assert ([message.id], message.attempts) == (held, 2)


async def test_what_expired_with_the_dead_is_missed(doors: Doors):
    first = await doors.open()
    message = a_message(BOOKING, due=NOW, expires_at=NOW + HOUR)
    await done(first, *PREPARED, place(BOOKING, message))
    assert len(await claim(first)) == 1
    await doors.close(first)
    second = await doors.open()
    state = MessageState.LEASED
    async with asyncio.timeout(PATIENCE):
        while state is MessageState.LEASED:
            assert list(await claim(second, now=NOW + HOUR)) == []
            [stored] = await second.messages([BOOKING.id])
            state = stored.state
    assert state is MessageState.MISSED
