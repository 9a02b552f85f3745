"""What a month of free slots costs: `python -m benchmarks.availability`.

One service, ten resources, 10,000 bookings in the month, and a long history outside of it, in
which the cost must not grow. Measured is what the daemon does between a request and its answer:
the sessions read from the database, the rules, the JSON.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from statistics import median
from typing import Any, NamedTuple

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.fill import a_place
from benchmarks.postgres import database, postgres
from bookingd.api import present
from bookingd.api.days import _told, by_day
from bookingd.availability.engine import _lasting
from bookingd.availability.wallclock import clock, day_number
from bookingd.collector import spare
from bookingd.vacancies import Vacancies
from storage import open_storage
from storage.ids import new_id
from storage.interface import Storage
from storage.model import BookingStatus, Resource, Service
from storage.rows import microseconds
from storage.sessions import read_occupied
from storage.writes import Place, SaveResource, SaveService, Write

RESOURCES = 10
BOOKED = 10_000
"""Bookings in the month, among 14,880 slots."""

OUTSIDE = (1_000, 100_000, 1_000_000)
DAYS = 31
DAY = timedelta(days=1)
LENGTH = timedelta(minutes=30)
OTHER = "00000000-0000-7000-8000-00000000ffff"
ROUNDS = 100
BATCH = 1_000
ZONE = "Europe/Berlin"
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FIRST = NOW.replace(hour=0) + 2 * DAY


Times = Sequence[Sequence[float]]
"""Figures by columns."""


class Business(NamedTuple):
    """Whose slots are asked for."""

    service: Service
    rooms: Sequence[Resource]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """An empty database of each kind, by its URL."""
    with tempfile.TemporaryDirectory() as directory, postgres() as server, database(server) as url:
        yield {"SQLite": f"sqlite:///{directory}/bookings.db", "PostgreSQL": url}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Storage]:
    """Open a database, and close it."""
    storage = await open_storage(url)
    try:
        yield storage
    finally:
        await storage.close()


async def save(storage: Storage, writes: Sequence[Write[Any]]) -> None:
    """Carry them out, so many to a commit."""
    for first in range(0, len(writes), BATCH):
        for outcome in await storage.commit(writes[first:][:BATCH]):
            if isinstance(outcome, Exception):
                raise outcome


async def furnish(storage: Storage) -> tuple[Business, list[Place]]:
    """A business whose resources are always open, booked; and bookings for the slots left over."""
    times = {"created_at": NOW, "updated_at": NOW}
    service = Service(id=new_id(NOW), name="Consultation", durations=(30,), **times)
    rooms = [Resource(id=new_id(NOW), name=f"Room {n}", **times) for n in range(RESOURCES)]
    await save(storage, [SaveService(service), *map(SaveResource, rooms)])
    slots = [(room, FIRST + number * LENGTH) for room in rooms for number in range(DAYS * 48)]
    random.Random(1).shuffle(slots)
    places = [a_place(service, *slot, LENGTH, BookingStatus.CONFIRMED) for slot in slots]
    await save(storage, places[:BOOKED])
    return Business(service, rooms), places[BOOKED:]


async def add_history(url: str, rooms: Sequence[Resource], numbers: range) -> None:
    """Sessions of five minutes, edge to edge, before the month and after it by turns."""
    rows = ((room.id, *outside(number)) for number in numbers for room in rooms)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            connection.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, 1)", rows)
        return
    connection = await asyncpg.connect(url)
    ranges = "int8range($2, $3), uuid_range($1, $1, '[]')"
    sql = f"INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $6, 1, {ranges})"
    await connection.executemany(sql, rows)
    await connection.execute("VACUUM ANALYZE sessions")  # as autovacuum does before long
    await connection.close()


def outside(number: int) -> tuple[int, int, str, int, int]:
    """When the session is, as a row has it, and of which service: of none that is measured."""
    by = timedelta(minutes=5) * (number // 2 + 1)
    start = FIRST - DAY - by if number % 2 else FIRST + (DAYS + 1) * DAY + by
    begin, end = microseconds(start), microseconds(start + timedelta(minutes=5))
    return begin, end, OTHER, begin, end


async def measured(
    storage: Storage, business: Business, before: Callable[[], Awaitable[None]]
) -> Times:
    """In ms, what each answer took, by the clock and of the processor, and to read of that.

    `before` each of them something is done.
    """
    vacancies, viewer = Vacancies(storage, ZONE), clock(ZONE)
    first = day_number(FIRST.date())
    days, found = range(first, first + DAYS), []
    for _ in range(ROUNDS):
        await before()
        begun, busy = time.perf_counter(), time.process_time()
        wants = vacancies.wanted(*business, LENGTH, NOW)
        known = await vacancies.known(wants, viewer.window(days))
        read = time.perf_counter() - begun
        present.dumps(by_day(known, viewer, days))
        found.append((time.perf_counter() - begun, time.process_time() - busy, read))
    return [[1000 * one for one in column] for column in zip(*found, strict=True)]


async def measure(name: str, url: str, counts: Sequence[int], table: Table) -> None:
    """Fill a database step by step, and measure at each."""
    async with opened(url) as storage:
        business, free = await furnish(storage)
        filled = 0
        for count in counts:
            await add_history(url, business.rooms, range(filled // RESOURCES, count // RESOURCES))
            filled = count

            async def book() -> None:
                await save(storage, [free.pop()])

            async def forget() -> None:
                for remembered in (_told, _lasting, read_occupied):
                    remembered.cache_clear()

            whole, busy, read = await measured(storage, business, book)
            anew, _, _ = await measured(storage, business, forget)
            pairs = chain.from_iterable(
                (median(one), min(one)) for one in (whole, read, busy, anew)
            )
            table.add_row(f"{name}, {count:,}", *(f"{one:.1f}" for one in pairs))


def main() -> None:
    """Measure on both databases, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outside", type=int, nargs="+", default=OUTSIDE)
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    chosen = parser.parse_args()
    spare()
    columns = ("median", "least", "reading", "least", "CPU", "least", "anew", "least")
    table = Table("sessions outside", *columns, caption="A month of slots, in ms")
    with databases() as urls:
        for name, url in urls.items():
            if chosen.only in {None, name}:
                uvloop.run(measure(name, url, sorted(chosen.outside), table))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
