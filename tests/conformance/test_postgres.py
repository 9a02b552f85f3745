"""PostgreSQL hangs up, goes away, goes silent, and comes back."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage import open_storage
from storage.errors import StorageError, Unavailable
from storage.interface import BookingFilter, Sort, Storage
from storage.listing import Listing
from storage.postgres.storage import ADDRESS
from tests.conformance.conftest import Daemons
from tests.conformance.outside import OutsidePostgres
from tests.conformance.wire import Wire, wired
from tests.conftest import Doors
from tests.deadlines import PATIENCE
from tests.postgres import connected, execute
from tests.records import (
    HOUR,
    PREPARED,
    START,
    a_booking,
    a_message,
    a_row_of_bookings,
    answer,
    claim,
    done,
    occupied,
    place,
    settle,
)

ALL = BookingFilter()


@pytest.fixture
def database(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def outside(postgres_url: str) -> OutsidePostgres:
    return OutsidePostgres(postgres_url)


@pytest.fixture
async def wire(postgres_url: str) -> AsyncIterator[Wire]:
    with tempfile.TemporaryDirectory(prefix="pgw") as folder:
        async with wired(postgres_url, Path(folder)) as wire:
            yield wire


@pytest.fixture
async def remote(wire: Wire) -> AsyncIterator[Storage]:
    """A database at the far end of the wire."""
    storage = await open_storage(wire.url)
    await done(storage, *PREPARED)
    yield storage
    await wire.mend()
    await storage.close()


async def heals(storage: Storage) -> None:
    """The same calls succeed again, after a few attempts at most."""
    for start in range(1, 50):
        try:
            await storage.health()
            await storage.count_bookings(ALL)
            await done(storage, place(a_booking(start=START + (1000 + start) * HOUR)))
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return
    pytest.fail("it stayed unavailable")


async def test_an_address_is_looked_up_by_its_index(storage: Storage, outside: OutsidePostgres):
    which = BookingFilter(email="ada@example.org")
    listing = Listing(which, contains="", address=ADDRESS, instant=str)
    sql = listing.page(Sort.START, 9, 0, None).replace("?", "'{}'").format(*listing.parameters)
    plan = await outside.rows("SET enable_seqscan = off", f"EXPLAIN {sql}")
    assert "booking_by_email" in str(plan)
    assert "Sort" not in str(plan)


async def test_a_server_that_hangs_up_costs_at_most_a_few_calls(
    storage: Storage, outside: OutsidePostgres
):
    await outside.hang_up()
    await heals(storage)


async def test_a_hang_up_in_the_middle_of_much_work_tells_the_truth(
    storage: Storage, outside: OutsidePostgres
):
    bookings = a_row_of_bookings(60)
    work = [asyncio.create_task(answer(storage, place(booking))) for booking in bookings]
    await outside.hang_up()
    outcomes = await asyncio.gather(*work)
    await heals(storage)
    stored = {booking.id for booking in await storage.bookings(ALL, limit=999)}
    for booking, one in zip(bookings, outcomes, strict=True):
        assert one is None or isinstance(one, Unavailable)
        assert one is not None or booking.id in stored


async def test_a_daemon_that_was_hung_up_on_and_another_do_not_both_settle(
    storage: Storage, outside: OutsidePostgres, doors: Doors
):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking)))
    [message] = await claim(storage)
    await outside.hang_up()
    other = await doors.open()
    theirs = [await answer(other, settle(one)) for one in await claim(other)]
    await heals(storage)
    mine = await answer(storage, settle(message))
    assert [*theirs, mine].count(True) <= 1


async def test_what_a_killed_daemon_held_is_claimed_by_one_that_lives(
    storage: Storage, daemons: Daemons
):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking)))
    held = await daemons.after("claim")
    assert len(held) == 1
    assert list(await claim(storage)) == []
    await daemons.kill()
    free: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not free:
            free = [message.id for message in await claim(storage)]
    assert free == held


async def test_a_server_that_is_gone_is_unavailable_and_may_come_back(remote: Storage, wire: Wire):
    await wire.cut()
    with pytest.raises(Unavailable):
        await remote.booking(a_booking().id)
    with pytest.raises(Unavailable):
        await remote.bookings(ALL, limit=9)
    with pytest.raises(Unavailable):
        await remote.services()
    with pytest.raises(Unavailable):
        await remote.health()
    assert isinstance(await answer(remote, place(a_booking())), Unavailable)
    await wire.mend()
    await heals(remote)


async def test_a_server_that_is_gone_cannot_be_opened(wire: Wire):
    await wire.cut()
    with pytest.raises(Unavailable):
        await open_storage(wire.url)


async def test_why_a_server_cannot_be_reached_is_told_in_words():
    with pytest.raises(Unavailable, match=r"PostgreSQL: .*(refused|failed)"):
        await open_storage("postgresql://somebody@127.0.0.1:1/bookingd")


async def test_a_database_that_is_not_there_cannot_be_opened(postgres_url: str):
    with pytest.raises(StorageError):
        await open_storage(postgres_url.replace("/bookingd_", "/no_bookingd_"))


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.postgres.storage.HEALTH", 0.1)


@pytest.mark.usefixtures("little_patience")
async def test_health_of_a_silent_server_is_unavailable_before_any_other_call(
    remote: Storage, wire: Wire
):
    wire.freeze()
    other = asyncio.create_task(answer(remote, place(a_booking())))
    with pytest.raises(Unavailable, match="in time"):
        await remote.health()
    assert not other.done()
    await wire.mend()
    await other
    await heals(remote)


@pytest.mark.usefixtures("little_patience")
async def test_health_of_a_busy_pool_is_answered_while_it_is_busy(
    storage: Storage, outside: OutsidePostgres
):
    async with connected(outside.url) as connection, connection.transaction():
        await connection.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
        work = [asyncio.create_task(answer(storage, place(a_booking()))) for _ in range(30)]
        await asyncio.sleep(0)
        with suppress(Unavailable):
            await storage.health()
        assert not any(task.done() for task in work)
    outcomes = await asyncio.gather(*work)
    assert outcomes.count(None) == 1


async def test_a_server_that_takes_no_calls_is_unavailable_and_may_come_back(
    storage: Storage, outside: OutsidePostgres, postgres_server: str
):
    name = outside.url.partition("?")[0].rpartition("/")[2]
    await execute(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await execute(
        postgres_server,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    assert isinstance(await answer(storage, place(a_booking())), Unavailable)
    await execute(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await heals(storage)


async def test_a_database_that_is_read_only_is_unavailable_and_may_come_back(
    storage: Storage, outside: OutsidePostgres, postgres_server: str
):
    name = outside.url.partition("?")[0].rpartition("/")[2]
    await execute(postgres_server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await outside.hang_up()
    for _ in range(5):
        assert isinstance(await answer(storage, place(a_booking())), Unavailable)
    await execute(postgres_server, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await outside.hang_up()
    await heals(storage)


async def test_closing_leaves_no_connection_behind(doors: Doors, outside: OutsidePostgres):
    storage = await doors.open()
    await asyncio.gather(*[storage.services() for _ in range(30)])
    await doors.close(storage)
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    left = [(1,)]
    async with asyncio.timeout(PATIENCE):
        while left != [(0,)]:
            left = await outside.rows(others)


async def test_a_pool_of_twenty_serves_two_hundred_callers(storage: Storage):
    await asyncio.gather(*[storage.services() for _ in range(200)])
    health = await storage.health()
    assert health.size <= health.maximum <= 20


async def test_a_time_zone_of_the_server_moves_no_instant(
    doors: Doors, outside: OutsidePostgres, postgres_server: str
):
    name = outside.url.partition("?")[0].rpartition("/")[2]
    await execute(postgres_server, f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    storage = await doors.open()
    booking = a_booking()
    message = a_message(booking)
    await done(storage, *PREPARED, place(booking, message))
    stored = await storage.booking(booking.id)
    assert stored == booking
    assert stored.start_time.isoformat() == booking.start_time.isoformat()
    assert await storage.messages([booking.id]) == [message]
    assert await occupied(storage, booking.resource_id, START, START + HOUR) == [
        (START, START + HOUR)
    ]
