"""What the daemon stands on goes away and comes back; the daemon stays."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Answer, Daemon, eventually, faults
from tests.e2e.database import Database, turn
from tests.e2e.mailbox import Mailbox

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NUMBERS = count()


async def check_unavailable(daemon: Daemon) -> None:
    """Bookings are refused for now, and health tells which part is ill."""
    for answer in (await daemon.post(booking(next(NUMBERS))), await daemon.get("/api/health/db")):
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
    assert (await daemon.get("/api/health")).status == 200


async def check_heals(daemon: Daemon, mailbox: Mailbox) -> None:
    """Without a restart, bookings and mails go on."""
    placed: list[Answer] = []

    async def taken() -> bool:
        placed.append(await daemon.post(booking(next(NUMBERS))))
        return placed[-1].status == 201

    await eventually(taken)
    assert {answer.status for answer in placed[:-1]} <= {503}
    assert (await daemon.get("/api/health/db")).status == 200
    reference = placed[-1].body["id"]
    await eventually(lambda: sum(reference in m.text for m in mailbox.mails) == 2)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Any]:
    """A PostgreSQL of our own, to be stopped and started."""
    home = Path(tempfile.mkdtemp(prefix="pg"))
    server = postgres._start(home)
    server.cleanup_mode = "stop"  # also when these tests are interrupted
    yield server
    server.cleanup()
    shutil.rmtree(home)


@pytest.fixture
def own_url(own_server: Any) -> Iterator[str]:
    own_server.psql("CREATE DATABASE own;")
    yield own_server.get_uri("own")
    own_server.psql("DROP DATABASE own WITH (FORCE);")


async def test_postgresql_is_stopped_and_started(
    own_server: Any, own_url: str, tmp_path: Path, mailbox: Mailbox
):
    daemons = Daemons(tmp_path, own_url, mailbox)
    try:
        daemon = await daemons.start()
        await daemon.book(booking(next(NUMBERS)))
        await asyncio.to_thread(own_server.stop)
        await check_unavailable(daemon)
        listed = await daemon.get("/api/bookings")
        assert (listed.status, listed.code) == (503, "SERVICE_UNAVAILABLE")
        await asyncio.to_thread(own_server.ensure_postgres_running)
        await check_heals(daemon, mailbox)

        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.ensure_postgres_running)
        await check_heals(daemon, mailbox)
        assert await daemon.stop() == 0
    finally:
        await daemons.close()


async def test_postgresql_is_away_when_the_daemon_starts_and_when_it_stops(
    own_server: Any, own_url: str, tmp_path: Path, mailbox: Mailbox
):
    daemons = Daemons(tmp_path, own_url, mailbox)
    try:
        daemon = await daemons.start()
        await asyncio.to_thread(own_server.stop)
        assert await daemon.stop() == 0
        assert faults(daemon.err) == []

        late = daemons.make()
        await late.spawn()
        assert await late.ended() > 0
        assert "PostgreSQL" in late.err
        assert "Traceback" not in late.err
    finally:
        await asyncio.to_thread(own_server.ensure_postgres_running)
        await daemons.close()


@SQLITE
async def test_the_database_file_is_moved_away_and_back(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    assert behind.file
    away = behind.file.with_name("away.db")
    behind.file.rename(away)
    await check_unavailable(daemon)
    away.rename(behind.file)
    await check_heals(daemon, mailbox)


@SQLITE
async def test_the_database_is_locked_from_outside_for_longer_than_a_request_waits(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    async with behind.held():
        answer = await daemon.post(booking(next(NUMBERS)))
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        assert (await daemon.get("/api/health")).status == 200
        assert (await daemon.get("/api/bookings")).status == 200
    await check_heals(daemon, mailbox)


async def test_the_mail_server_is_away_and_bookings_go_on(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    await mailbox.close()
    for number in range(10):
        await daemon.book(booking(number))
    await eventually(lambda: "mail relay unreachable" in daemon.err)
    assert await behind.number("SELECT max(attempts) FROM messages WHERE state = 'pending'") == 0
    assert not (await behind.states()).keys() & {"sent", "dead", "missed"}

    await mailbox.open()
    await eventually(lambda: len(mailbox.ids) == 20)
    assert set(mailbox.ids.values()) == {1}


async def test_a_mail_that_is_refused_for_good_does_not_hold_up_the_others(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    replies: dict[str, Callable[[], str]] = {
        "gone@example.org": lambda: "550 5.1.1 no such mailbox",
        "full@example.org": lambda: "452 4.2.2 mailbox is full",
    }
    mailbox.refuse = lambda address: replies[address]() if address in replies else None
    for number, address in enumerate([*replies, "well@example.org"]):
        await daemon.book(booking(number, email=address))
    await eventually(lambda: len(mailbox.mails) == 4)
    replies.clear()
    await eventually(lambda: len(mailbox.to("full@example.org")) == 1)

    async def settled() -> bool:
        return await behind.due() == 0

    await eventually(settled)
    dead = await behind.rows("SELECT recipient, last_error FROM messages WHERE state = 'dead'")
    assert [recipient for recipient, _ in dead] == ["gone@example.org"]
    assert "550" in dead[0][1]


@SQLITE
async def test_a_second_daemon_on_one_file_says_so_and_ends(daemon: Daemon, daemons: Daemons):
    second = daemons.make()
    await second.spawn()
    assert await second.ended() == 75  # EX_TEMPFAIL
    assert "another bookingd already works on" in second.err
    assert "Traceback" not in second.err
    assert (await daemon.get("/api/health/db")).status == 200


async def test_a_key_works_soon_after_it_is_made_and_stops_soon_after_it_is_revoked(
    daemon: Daemon,
):
    made = await daemon.run("keys", "create", "front desk", "--scope", "admin")
    assert made.code == 0
    key = made.out.strip()

    async def status() -> int:
        return (await daemon.ask("GET", "/api/bookings", key=key)).status

    async def works() -> bool:
        return await status() == 200

    async def stopped() -> bool:
        return await status() == 401

    await eventually(works)
    listed = await daemon.run("keys", "list", "--json")
    assert key not in listed.out
    key_id = listed.out.partition('"id": "')[2].partition('"')[0]
    assert (await daemon.run("keys", "revoke", key_id)).code == 0
    await eventually(stopped)


async def test_a_newer_schema_is_refused_and_left_alone(daemon: Daemon, behind: Database):
    assert await daemon.stop() == 0
    await behind.do("INSERT INTO schema_migrations VALUES (9000, 'future', '2030-01-01')")
    for command in ("serve", "migrate", "check"):
        ended = await daemon.run(command)
        assert ended.code == 78  # EX_CONFIG
        assert "schema 9000" in ended.err
        assert "newer bookingd" in ended.err
        assert "Traceback" not in ended.err
    assert await behind.number("SELECT max(version) FROM schema_migrations") == 9000


@SQLITE
async def test_a_look_at_health_does_not_give_away_the_turn_to_write(
    daemon: Daemon, behind: Database
):
    """The lock from outside makes the daemon's write long enough to look at health meanwhile."""
    async with behind.held():
        writing = asyncio.create_task(daemon.post(booking(next(NUMBERS))))
        await eventually(behind.kept_waiting, every=0.01)
        assert (await daemon.get("/api/health/db")).status in {200, 503}
        assert await behind.kept_waiting()
        assert (await writing).status == 503


@SQLITE
async def test_somebody_else_who_writes_does_not_stop_the_daemon(daemon: Daemon, behind: Database):
    """The command line may take its time; who asks for health waits for it, the others do not."""
    assert behind.file
    with turn(behind.file, wait=True):
        asked = asyncio.create_task(daemon.get("/api/health/db"))
        for _ in range(5):
            assert (await daemon.get("/api/health")).status == 200
    await asked
