"""What occupies a resource, as slots are made of it."""

import re
from datetime import timedelta

import pytest

from storage.interface import Storage
from storage.postgres.statements import seats as postgres_statements
from storage.rows import microseconds
from storage.sessions import Session
from storage.sqlite.statements import seats as sqlite_statements
from tests.conformance.outside import Outside, OutsideSqlite
from tests.records import (
    HOUR,
    NOW,
    OTHER_ROOM,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_row_of_bookings,
    cancelled,
    change,
    done,
    place,
)


def session(start, *, minutes=60, before=0, after=0, taken=1, service_id=SERVICE.id):
    end = start + timedelta(minutes=minutes)
    occupied = (start - timedelta(minutes=before), end + timedelta(minutes=after))
    return Session(*map(microseconds, (start, end, *occupied)), service_id, taken)


async def test_what_is_booked_is_read_by_resource_in_order(storage: Storage):
    bookings = [*a_row_of_bookings(3)[::-1], a_booking(resource_id=OTHER_ROOM.id, before=5)]
    await done(storage, *map(place, bookings))
    found = await storage.sessions([ROOM.id, OTHER_ROOM.id], START, START + 9 * HOUR, NOW)
    assert {room: list(them) for room, them in found.items()} == {
        ROOM.id: [session(START + n * 2 * HOUR) for n in range(3)],
        OTHER_ROOM.id: [session(START, before=5)],
    }


async def test_only_what_meets_the_period_is_read(storage: Storage):
    await done(storage, *map(place, a_row_of_bookings(3)))
    found = await storage.sessions([ROOM.id], START + HOUR, START + 4 * HOUR, NOW)
    assert list(found[ROOM.id]) == [session(START + 2 * HOUR)]


async def test_when_resources_are_occupied_can_be_read_alone(storage: Storage):
    bookings = [*a_row_of_bookings(3)[::-1], a_booking(resource_id=OTHER_ROOM.id, before=5)]
    await done(storage, *map(place, bookings))
    asked = [ROOM.id, OTHER_ROOM.id], START + HOUR, START + 9 * HOUR, NOW
    sessions = await storage.sessions(*asked)
    assert await storage.occupied(*asked) == {id_: one.occupied for id_, one in sessions.items()}
    assert [len(one) for one in sessions.values()] == [2, 0]


async def test_what_was_cancelled_occupies_nothing(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking), change(cancelled(booking)))
    found = await storage.sessions([ROOM.id], START, START + HOUR, NOW)
    assert not found[ROOM.id]


MANY = {
    True: "INSERT INTO sessions WITH RECURSIVE numbers (n) AS "
    "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000) "
    "SELECT '{room}', n * 9, n * 9 + 9, '{service}', n * 9, n * 9 + 9, 1 FROM numbers",
    False: "INSERT INTO sessions "
    "SELECT room, n * 9, n * 9 + 9, '{service}', n * 9, n * 9 + 9, 1, "
    "int8range(n * 9, n * 9 + 9), uuid_range(room, room, '[]') "
    "FROM generate_series(1, 3000) AS n, CAST('{room}' AS uuid) AS room",
}
ASKED = {
    True: {":resources": "'[]'", ":resource": "''", ":service": "''", ":start": "1", ":end": "9"},
    False: {"$1::uuid[]": "ARRAY['{room}'::uuid]", "$1": "'{room}'", "$2": "1", "$3": "9"},
}


@pytest.mark.parametrize("name", ["SESSIONS", "OCCUPIED", "TAKEN"])
async def test_what_lies_outside_the_period_is_not_looked_at(
    storage: Storage, outside: Outside, name: str
):
    sqlite = isinstance(outside, OutsideSqlite)
    ids = {"room": ROOM.id, "service": SERVICE.id}
    await outside.rows(MANY[sqlite].format(**ids), "ANALYZE")
    sql = getattr(sqlite_statements if sqlite else postgres_statements, name)
    for mark, value in ASKED[sqlite].items():
        sql = re.sub(rf"{re.escape(mark)}(?!\w)", value.format(**ids), sql)
    sql = re.sub(r":now|\$4", f"'{SERVICE.id}'" if name == "TAKEN" else "current_timestamp", sql)
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    plan = str(await outside.rows(explain + sql))
    assert re.search("PRIMARY KEY|sessions_pkey", plan), plan
    assert not re.search(r"Seq Scan on sessions|SCAN sessions", plan), plan
