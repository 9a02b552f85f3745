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
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.fill import a_place
from benchmarks.postgres import database, postgres
from bookingd.api import present
from bookingd.api.slots import shown
from bookingd.availability.days import by_day
from bookingd.availability.wallclock import clock, day_number
from bookingd.vacancies import Vacancies
from storage import open_storage
from storage.ids import new_id
from storage.interface import Storage
from storage.model import BookingStatus, Resource, Service
from storage.rows import microseconds
from storage.writes import SaveResource, SaveService, Write

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


async def furnish(storage: Storage) -> tuple[Service, list[Resource]]:
    """The service, its resources, which are always open, and the bookings of the month."""
    times = {"created_at": NOW, "updated_at": NOW}
    service = Service(id=new_id(NOW), name="Consultation", durations=(30,), **times)
    rooms = [Resource(id=new_id(NOW), name=f"Room {n}", **times) for n in range(RESOURCES)]
    await save(storage, [SaveService(service), *map(SaveResource, rooms)])
    chance = random.Random(1)
    slots = range(DAYS * 48)
    await save(storage, [
        a_place(service, room, FIRST + number * LENGTH, LENGTH, BookingStatus.CONFIRMED)
        for room in rooms
        for number in chance.sample(slots, BOOKED // RESOURCES)
    ])  # fmt: skip
    return service, rooms


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
    await connection.execute("ANALYZE sessions")
    await connection.close()


def outside(number: int) -> tuple[int, int, str, int, int]:
    """When the session is, as a row has it, and of which service: of none that is measured."""
    by = timedelta(minutes=5) * (number // 2 + 1)
    start = FIRST - DAY - by if number % 2 else FIRST + (DAYS + 1) * DAY + by
    begin, end = microseconds(start), microseconds(start + timedelta(minutes=5))
    return begin, end, OTHER, begin, end


async def measured(
    storage: Storage, service: Service, rooms: Sequence[Resource]
) -> Iterator[Sequence[float]]:
    """In ms, what each answer took, by the clock and of the processor, and to read of that."""
    vacancies, viewer = Vacancies(storage, ZONE), clock(ZONE)
    first = day_number(FIRST.date())
    days, found = range(first, first + DAYS), []
    for _ in range(ROUNDS):
        begun, busy = time.perf_counter(), time.process_time()
        wants = vacancies.wanted(service, rooms, LENGTH, NOW)
        window = range(viewer.begin(days.start), viewer.begin(days.stop))
        known = await vacancies.known(wants, window)
        read = time.perf_counter() - begun
        present.dumps([
            {"date": day, "slots": [shown(known[0], slot) for slot in slots]}
            for day, slots in by_day(known, viewer, days).items()
        ])  # fmt: skip
        found.append((time.perf_counter() - begun, time.process_time() - busy, read))
    return ([1000 * one for one in column] for column in zip(*found, strict=True))


async def measure(name: str, url: str, counts: Sequence[int], table: Table) -> None:
    """Fill a database step by step, and measure at each."""
    async with opened(url) as storage:
        service, rooms = await furnish(storage)
        filled = 0
        for count in counts:
            await add_history(url, rooms, range(filled // RESOURCES, count // RESOURCES))
            filled = count
            whole, busy, read = await measured(storage, service, rooms)
            figures = (median(whole), min(whole), quantiles(whole, n=100)[98])
            row = (*figures, median(busy), min(busy), median(read), min(read))
            table.add_row(f"{name}, {count:,}", *(f"{one:.1f}" for one in row))


def main() -> None:
    """Measure on both databases, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outside", type=int, nargs="+", default=OUTSIDE)
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    chosen = parser.parse_args()
    columns = ("median", "least", "p99", "CPU", "least", "reading", "least")
    table = Table("sessions outside", *columns, caption="A month of slots, in ms")
    with databases() as urls:
        for name, url in urls.items():
            if chosen.only in {None, name}:
                uvloop.run(measure(name, url, sorted(chosen.outside), table))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
