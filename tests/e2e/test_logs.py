"""What the daemon writes about itself: lines for machines, and nothing about people."""

from datetime import datetime

import orjson
import pytest

from tests.e2e.booking import booking, slot
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import ADMIN_KEY, PUBLIC_KEY, Daemon, eventually, faults, log_lines
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox

WHO = {
    "name": "Canary Nameling",
    "email": "canary.address@example.org",
    "company": "Canary Works",
    "phone": "+49 30 901820 47",
    "inquiry": "canary inquiry\nin two lines",
    "answers": {"canary question": "canary answer"},
}
MEMBERS = {"timestamp", "level", "logger", "message", "requestId", "context"}
SECRETS = ("canary", "nameling", "901820", "wrong-key", ADMIN_KEY, PUBLIC_KEY)
UNKNOWN = "00000000-0000-7000-8000-00000000ffff"


def check_silence(text: str, *more: str) -> None:
    assert text
    found = text.casefold()
    assert [secret for secret in (*SECRETS, *more) if secret.casefold() in found] == []


async def provoke(daemon: Daemon, mailbox: Mailbox) -> str:
    """Go wherever a fault could carry personal data into a log; the token of a booking's link."""
    placed = await daemon.book(booking(0, **WHO))
    path = f"/api/bookings/{placed['id']}"
    token: str = placed["manageUrl"].partition("#")[2]
    await follow(daemon, token)
    assert (await daemon.post(booking(0, **WHO))).status == 409
    assert (await daemon.post(booking(1, **WHO, canary="canary"))).status == 400
    assert (await daemon.post(booking(1, **{**WHO, "email": "canary address"}))).status == 400
    assert (await daemon.post(booking(1, **WHO), key="wrong-key-canary")).status == 401
    assert (await daemon.get("/api/bookings/canary.address@example.org")).status == 404
    assert (await daemon.get("/canary", q=WHO["email"])).status == 404
    assert (await daemon.get("/api/bookings", q="canary", email=WHO["email"])).status == 200
    assert (await daemon.get("/api/bookings", canary="canary")).status == 400
    assert (await daemon.ask("PUT", path, {**WHO, "timeSlot": slot(5)})).status == 200
    assert (
        await daemon.ask("PATCH", path, {"status": "CANCELLED", "reason": "canary reason"})
    ).status == 200
    await break_off(daemon)
    await eventually(lambda: len(mailbox.mails) == 6)
    mailbox.refuse = lambda address: f"550 <{address}> is unknown here"
    await daemon.book(booking(2, **WHO))
    mailbox.refuse = lambda address: f"452 <{address}> is full"
    await daemon.book(booking(3, **WHO))
    mailbox.refuse = lambda address: f"421 too many for <{address}>"
    await daemon.book(booking(4, **WHO))
    await eventually(lambda: "mail relay unreachable" in daemon.err)
    return token


async def follow(daemon: Daemon, token: str) -> None:
    """The link, rightly and wrongly."""
    path = f"/api/manage/{token}"
    for method, where, json, status in (
        ("GET", path, None, 200),
        ("GET", f"{path}x", None, 404),
        ("GET", f"{path}?{token}", None, 400),
        ("GET", f"/manage/{token}", None, 404),
        ("PUT", path, None, 405),
        ("POST", f"{path}/cancel", {"reason": 1, token: token}, 400),
    ):
        assert (await daemon.ask(method, where, json, key=None)).status == status
    async with daemon.connection() as (_, writer):
        writer.write(f"GET {path}\x00 HTTP/1.1\r\n\r\n".encode())
        await writer.drain()


async def break_off(daemon: Daemon) -> None:
    """Send what is no HTTP, and a body that never ends."""
    for nonsense in (
        b"canary nameling\r\n\r\n",
        b"GET /canary\x00 HTTP/1.1\r\n\r\n",
        b"POST /api/bookings HTTP/1.1\r\nContent-Type: application/json\r\nHost: canary\r\n"
        b"Content-Length: 999\r\nAuthorization: Bearer " + PUBLIC_KEY.encode() + b"\r\n\r\n"
        b'{"name": "Canary',
    ):
        async with daemon.connection() as (_, writer):
            writer.write(nonsense)
            await writer.drain()


async def test_production_tells_everything_in_json_and_nothing_about_people(
    daemons: Daemons, mailbox: Mailbox
):
    daemon = await daemons.start(BOOKINGD_LOG_LEVEL="debug")
    token = await provoke(daemon, mailbox)
    assert await daemon.stop() == 0
    check_silence(daemon.err, token)
    assert set(faults(daemon.err)) == {"mail relay unreachable; mails wait"}
    assert daemon.out == ""
    for line in log_lines(daemon.err):
        assert line.keys() - {"exc_info"} == MEMBERS
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
        assert line["level"] in {"DEBUG", "INFO", "WARNING", "ERROR"}


async def test_development_tells_nothing_about_people_either(daemons: Daemons, mailbox: Mailbox):
    daemon = await daemons.start(BOOKINGD_ENV="development")
    token = await provoke(daemon, mailbox)
    assert await daemon.stop() == 0
    check_silence(daemon.err, token)
    assert daemon.out.count(PUBLIC_KEY) == 2  # where the first booking is explained, on purpose
    assert "canary" not in daemon.out.casefold()


async def test_a_fault_that_nobody_foresaw_tells_nothing_about_people(
    daemon: Daemon, behind: Database
):
    if behind.file:
        await behind.do(
            "CREATE TRIGGER poison BEFORE INSERT ON bookings "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    else:
        await behind.do("ALTER TABLE bookings ADD CONSTRAINT poison CHECK (name = 'nobody')")
    answer = await daemon.post(booking(**WHO))
    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert "unforeseen fault" in daemon.err
    assert "poison" in daemon.err
    check_silence(daemon.err)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_request_is_one_line_that_carries_its_id(daemon: Daemon):
    given = await daemon.ask("GET", "/api/bookings", headers={"X-Request-Id": "mine-1"})
    assert given.headers["X-Request-Id"] == "mine-1"
    made = await daemon.get(f"/api/bookings/{UNKNOWN}")
    lines = {line["requestId"]: line for line in log_lines(daemon.err)}
    context = lines["mine-1"]["context"]
    assert context.pop("durationMs") >= 0
    assert context == {"method": "GET", "route": "/api/bookings", "status": 200}
    assert lines[made.headers["X-Request-Id"]]["context"]["route"] == "/api/bookings/{id}"
    assert made.body["requestId"] == made.headers["X-Request-Id"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_log_file_that_is_full_is_rotated(daemons: Daemons):
    file = daemons.home / "logs" / "bookingd.log"
    file.parent.mkdir()
    file.write_bytes(b"x" * 9_999_990)
    daemon = await daemons.start(BOOKINGD_LOG_FILE=str(file))
    await daemon.get("/api/bookings")
    assert file.with_name("bookingd.log.1").stat().st_size == 9_999_990
    assert log_lines(file.read_text())[-1]["message"] == "request"
    assert orjson.loads(daemon.err.splitlines()[-1]) == log_lines(file.read_text())[-1]
