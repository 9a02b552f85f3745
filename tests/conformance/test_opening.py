"""Opening a database: fresh, again, twice, and one from the future."""

import asyncio

import pytest

from storage import open_storage
from storage.errors import NewerSchema, StorageError
from storage.interface import BookingFilter
from storage.writes import SaveKey
from tests.conformance.conftest import Daemons
from tests.conformance.outside import Outside
from tests.conftest import Doors
from tests.postgres import EMPTY
from tests.records import PREPARED, a_booking, a_key, a_message, done, place

ALL = BookingFilter()
HISTORY = "SELECT version, name, applied_at FROM schema_migrations ORDER BY version"
NEWER = (
    "INSERT INTO schema_migrations (version, name, applied_at) "
    "SELECT max(version) + 1, 'from_the_future', max(applied_at) FROM schema_migrations"
)
FORGET = "DELETE FROM schema_migrations WHERE name = 'from_the_future'"


@pytest.fixture
def like() -> str:
    """Nobody has opened the database yet."""
    return EMPTY


async def test_a_fresh_install_has_one_service_and_one_resource(doors: Doors):
    storage = await doors.open()
    [service], [resource] = await storage.services(), await storage.resources()
    assert service.name
    assert resource.name
    assert await storage.keys() == []
    assert await storage.count_bookings(ALL) == 0


async def test_the_first_booking_needs_no_preparation(doors: Doors):
    storage = await doors.open()
    [service], [resource] = await storage.services(), await storage.resources()
    booking = a_booking(service_id=service.id, resource_id=resource.id)
    await done(storage, place(booking))
    assert await storage.booking(booking.id) == booking


async def test_opening_again_finds_what_was_kept_and_migrates_nothing(
    doors: Doors, outside: Outside
):
    storage = await doors.open()
    booking, key = a_booking(), a_key()
    message = a_message(booking)
    await done(storage, *PREPARED, place(booking, message), SaveKey(key))
    services, resources = await storage.services(), await storage.resources()
    history = await outside.rows(HISTORY)
    await doors.close(storage)
    again = await doors.open()
    assert await again.booking(booking.id) == booking
    assert await again.messages([booking.id]) == [message]
    assert await again.keys() == [key]
    assert (await again.services(), await again.resources()) == (services, resources)
    assert await outside.rows(HISTORY) == history


async def test_the_history_names_each_migration_once(doors: Doors, outside: Outside):
    await doors.open()
    history = await outside.rows(HISTORY)
    assert [version for version, _, _ in history] == list(range(1, len(history) + 1))
    assert all(name and applied_at for _, name, applied_at in history)


async def test_several_that_open_a_fresh_database_at_once_make_one_schema(
    doors: Doors, daemons: Daemons
):
    seen = await asyncio.gather(*[daemons.after_beside("look") for _ in range(3)])
    assert [len(services) for services in seen] == [1, 1, 1]
    storage = await doors.open()
    assert (len(await storage.services()), len(await storage.resources())) == (1, 1)


async def test_a_newer_schema_is_refused_and_left_alone(doors: Doors, outside: Outside):
    await doors.close(await doors.open())
    await outside.rows(NEWER)
    history = await outside.rows(HISTORY)
    with pytest.raises(NewerSchema):
        await doors.open()
    with pytest.raises(NewerSchema):
        await doors.beside()
    assert await outside.rows(HISTORY) == history


async def test_a_refused_schema_holds_nothing_back(doors: Doors, outside: Outside):
    await doors.close(await doors.open())
    await outside.rows(NEWER)
    with pytest.raises(NewerSchema):
        await doors.open()
    await outside.rows(FORGET)
    storage = await doors.open()
    await done(storage, *PREPARED, place(a_booking()))


async def test_one_opened_beside_sees_what_the_other_does(doors: Doors):
    storage = await doors.open()
    other = await doors.beside()
    booking = a_booking()
    await done(storage, *PREPARED, place(booking))
    assert await other.booking(booking.id) == booking
    await done(other, SaveKey(a_key()))
    assert len(await storage.keys()) == 1


async def test_one_opened_beside_leaves_without_harm(doors: Doors):
    storage = await doors.open()
    other = await doors.beside()
    await done(storage, *PREPARED)
    await doors.close(other)
    await done(storage, place(a_booking()))
    assert await storage.count_bookings(ALL) == 1


async def test_what_was_answered_outlives_the_daemon(doors: Doors, daemons: Daemons):
    first = await doors.open()
    await done(first, *PREPARED)
    await doors.close(first)
    [placed] = await daemons.after("place")
    await daemons.kill()
    storage = await doors.open()
    assert (await storage.booking(placed)).id == placed
    assert len(await storage.messages([placed])) == 1


async def test_an_unknown_kind_of_database_is_refused():
    with pytest.raises(StorageError, match="mysql"):
        await open_storage("mysql://localhost/bookings")
