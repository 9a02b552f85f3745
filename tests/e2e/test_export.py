"""A large export from outside: whole, in little memory, and visibly not whole when it breaks."""

import asyncio
import csv
import json
import os
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import aiohttp
import pytest

from storage import open_storage
from tests.e2e.booking import FIRST
from tests.e2e.daemon import ADMIN_KEY, Daemon, eventually, faults, log_lines
from tests.e2e.database import Database
from tests.postgres import execute
from tests.records import APPOINTMENT, OFFICE, a_booking, done, place

MANY = 4_000
LONG = "=1+1 " * 1_000
"""Of twenty megabytes the sockets on the way hold only some."""

KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
def many() -> int:
    return MANY


@pytest.fixture
async def full(database: str, daemon: Daemon, many: int) -> list[str]:
    """The ids of so many long bookings, written beside the daemon."""
    bookings = [
        a_booking(
            start=FIRST + n * timedelta(hours=1),
            service_id=APPOINTMENT,
            resource_id=OFFICE,
            inquiry=LONG,
        )
        for n in range(many)
    ]
    storage = await open_storage(database, shared=database.startswith("sqlite"))
    for begin in range(0, many, 500):
        await done(storage, *map(place, bookings[begin : begin + 500]))
    await storage.close()
    return [booking.id for booking in bookings]


async def test_a_large_one_is_whole_and_takes_little_memory(daemon: Daemon, full: list[str]):
    async with daemon.http.get("/api/bookings/export?status=NO_SHOW", headers=KEY) as response:
        await response.read()
    before = daemon.most_memory
    async with daemon.http.get("/api/bookings/export?format=json", headers=KEY) as response:
        content = await response.read()
    assert [one["id"] for one in json.loads(content)["data"]] == full
    async with daemon.http.get("/api/bookings/export", headers=KEY) as response:
        rows = csv.DictReader(StringIO((await response.read()).decode("utf-8-sig"), newline=""))
    assert {row["inquiry"] for row in rows} == {f"'{LONG}"}
    assert len(content) > 20_000_000
    assert daemon.most_memory - before < 12_000_000


async def test_a_database_that_dies_in_the_middle_does_not_look_whole(
    daemon: Daemon, full: list[str], behind: Database, postgres_server: str
):
    assert full
    async with daemon.http.get("/api/bookings/export", headers=KEY) as response:
        assert response.status == 200
        begun = await response.content.readany()
        await take_away(behind, postgres_server)
        with pytest.raises(aiohttp.ClientError):
            begun += await response.content.read()
    assert begun
    await eventually(lambda: any(line["message"] == "not served" for line in log_lines(daemon.err)))
    assert faults(daemon.err) == []


async def take_away(behind: Database, postgres_server: str) -> None:
    """From now on nobody reads bookings."""
    if behind.file:
        await behind.do("ALTER TABLE bookings RENAME TO lost")
        return
    name = urlsplit(behind.url).path.removeprefix("/")
    await execute(
        postgres_server,
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )


async def test_others_are_served_meanwhile(daemon: Daemon, full: list[str]):
    async def export() -> int:
        async with daemon.http.get("/api/bookings/export?format=json", headers=KEY) as response:
            return len(json.loads(await response.read())["data"])

    exports = [asyncio.create_task(export()) for _ in range(3)]
    served = 0
    while not all(one.done() for one in exports):
        assert (await daemon.get("/api/health")).status == 200
        served += 1
    assert [await one for one in exports] == [len(full)] * 3
    assert served >= 10, "between the pages there is time for others"


@pytest.mark.parametrize("many", [500])
async def test_the_command_line_writes_the_same_file_beside_the_daemon(
    daemon: Daemon, full: list[str]
):
    ended = await daemon.run("bookings", "export", "--output", "all.csv")
    assert (ended.code, ended.out) == (0, "")
    assert f"all.csv: {len(full)} written" in ended.err
    async with daemon.http.get("/api/bookings/export", headers=KEY) as response:
        assert (daemon.home / "all.csv").read_bytes() == await response.read()
    assert os.stat(daemon.home / "all.csv").st_mode & 0o077 == 0
