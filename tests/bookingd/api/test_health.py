"""Health, liveness, readiness: what an operator and a supervisor ask."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from bookingd import desk, fresh
from bookingd.api import context
from schedules.messages import Promises
from storage.errors import Unavailable
from storage.interface import OVERDUE, SOON, Storage
from storage.model import MessageState
from tests.bookingd.api.conftest import House, Opener, a_body, assert_error
from tests.bookingd.conftest import on_both
from tests.deadlines import until_true
from tests.records import DAY, HOUR, NOW, START, a_booking, a_message, a_reminder, done, place


@pytest.fixture(autouse=True)
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", -1.0)


class Hanging:
    """A verb that never answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        await asyncio.Event().wait()


async def answers_at_once(house: House, path: str) -> Any:
    """What hangs here hangs for ever, so whoever waits for it has no answer, or a bad one."""
    answer = await house.call("GET", path, key=None)
    assert answer.status == 200
    return answer.body


@on_both
async def test_health_says_since_when_and_which_version(house: House):
    body = await answers_at_once(house, "/api/health")
    assert body.keys() == {"status", "version", "uptime", "timestamp"}
    assert body["status"] == "ok"
    assert body["uptime"] >= 0


@pytest.mark.parametrize("path", ["/api/health", "/livez"])
async def test_it_answers_at_once_while_the_database_hangs(
    open_house: Opener, storage: Storage, path: str, monkeypatch: pytest.MonkeyPatch
):
    hanging = Hanging()
    for name in ("commit", "health", "keys", "outbox", "services", "resources"):
        monkeypatch.setattr(storage, name, hanging)
    house = await open_house()
    stuck = [
        asyncio.create_task(house.call("POST", "/api/bookings", json=a_body())) for _ in range(50)
    ]
    await until_true(lambda: hanging.asked)
    await answers_at_once(house, path)
    assert not any(task.done() for task in stuck)
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


@pytest.mark.parametrize("path", ["/api/health", "/livez", "/readyz"])
async def test_it_answers_at_once_while_the_desk_is_full(
    open_house: Opener, monkeypatch: pytest.MonkeyPatch, path: str
):
    monkeypatch.setattr(desk, "CAPACITY", 0)
    house = await open_house(staffed=False)
    assert (await house.call("POST", "/api/bookings", json=a_body())).status == 503
    await answers_at_once(house, path)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/db", "/livez", "/readyz"])
async def test_no_limit_on_requests_keeps_a_supervisor_out(open_house: Opener, path: str):
    house = await open_house(rate_limit="1/minute")
    for _ in range(5):
        await answers_at_once(house, path)


@on_both
async def test_the_database_tells_its_latency_and_its_pool(house: House, database: str):
    body = await answers_at_once(house, "/api/health/db")
    pool = body["pool"]
    assert database.startswith(body["backend"])
    assert body["latencyMs"] >= 0
    assert pool["idle"] + pool["inUse"] == pool["size"] <= pool["max"] <= 20


@pytest.mark.parametrize("path", ["/api/health/db", "/readyz"])
async def test_a_database_that_is_gone_is_503(
    open_house: Opener, storage: Storage, path: str, monkeypatch: pytest.MonkeyPatch
):
    async def gone() -> None:
        raise Unavailable("PostgreSQL: ConnectionRefusedError")

    monkeypatch.setattr(storage, "health", gone)
    house = await open_house()
    answer = await house.call("GET", path, key=None)
    assert_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"]


async def test_why_the_outbox_cannot_be_looked_at_is_told_to_whom_its_figures_are(
    open_house: Opener, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    async def gone(_: datetime) -> None:
        raise Unavailable("PostgreSQL: Connection refused")

    monkeypatch.setattr(storage, "outbox", gone)
    answer = await (await open_house()).call("GET", "/api/health/jobs")
    assert_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert "PostgreSQL: Connection refused" in answer.body["message"]
    assert answer.headers["Retry-After"]


async def test_who_asks_at_the_same_time_shares_one_sign_of_life(
    open_house: Opener, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fresh, "SECONDS", 1.0)
    asked, health = 0, storage.health

    async def counted() -> Any:
        nonlocal asked
        asked += 1
        return await health()

    monkeypatch.setattr(storage, "health", counted)
    house = await open_house()
    paths = ["/api/health/db", "/readyz"] * 20
    answers = await asyncio.gather(*[house.call("GET", path, key=None) for path in paths])
    assert {answer.status for answer in answers} == {200}
    assert asked == 1


async def test_who_is_stopping_is_alive_and_not_ready(house: House):
    assert (await house.call("GET", "/readyz", key=None)).status == 200
    house.app[context.DRAIN].stopping = True
    assert_error(await house.call("GET", "/readyz", key=None), 503, "SERVICE_UNAVAILABLE")
    assert (await house.call("GET", "/livez", key=None)).status == 200


async def jobs(house: House) -> Any:
    answer = await house.call("GET", "/api/health/jobs")
    assert answer.status == 200, answer.text
    return answer.body


@on_both
async def test_what_is_owed_and_what_will_be(house: House):
    for day, due in enumerate([NOW - OVERDUE, NOW, NOW + HOUR]):
        booking = a_booking(start=START + day * DAY)
        await done(house.storage, place(booking, a_message(booking, due=due)))
    soon, later = a_booking(start=START + 10 * DAY), a_booking(start=START + 11 * DAY)
    await done(
        house.storage,
        place(soon, a_reminder(soon, due=NOW + SOON), a_message(soon, state=MessageState.DEAD)),
        place(later, a_reminder(later), a_message(later, state=MessageState.MISSED)),
    )
    found = await jobs(house)
    assert found["status"] == "warn"
    assert datetime.fromisoformat(found["outbox"].pop("oldestDue")) == NOW - OVERDUE
    assert found["outbox"] == {
        "pending": 5,
        "underWay": 0,
        "due": 2,
        "overdue": 1,
        "dead": 1,
        "missed": 1,
    }
    assert found["reminders"] == {"next24h": 1}
    assert found["mail"] == {"lastSuccess": None}
    assert [one["code"] for one in found["warnings"]] == ["NO_RELAY", "MAIL_LATE", "MAIL_DEAD"]


async def test_all_is_well(open_house: Opener):
    house = await open_house(promises=Promises(None, ()))
    booking = a_booking()
    await done(house.storage, place(booking, a_message(booking, state=MessageState.SENT)))
    found = await jobs(house)
    assert (found["status"], found["warnings"], found["outbox"]["pending"]) == ("ok", [], 0)


async def test_health_warns_of_what_the_job_saw_and_does_not_look_itself(house: House):
    booking = a_booking()
    await done(house.storage, place(booking, a_message(booking, state=MessageState.DEAD)))
    assert (await answers_at_once(house, "/api/health"))["status"] == "ok"
    await house.app[context.ALARMS].look()
    body = await answers_at_once(house, "/api/health")
    assert body["status"] == "warn"
    assert body.keys() == {"status", "version", "uptime", "timestamp"}


async def test_what_each_job_last_did(house: House):
    async def well() -> None: ...

    async def ill() -> None:
        raise Unavailable("PostgreSQL: ConnectionRefusedError")

    house.scheduler.every(HOUR, "well", well)
    house.scheduler.every(HOUR, "ill", ill)
    await house.scheduler.start()
    await until_true(lambda: all(job.last_run for job in house.scheduler.jobs))
    found = await jobs(house)
    house.scheduler.stop()
    good, bad = found["jobs"]
    assert (good["name"], good["lastError"]) == ("well", None)
    assert datetime.fromisoformat(good["lastRun"]) == datetime.fromisoformat(good["lastSuccess"])
    assert good["nextRun"]
    assert (bad["name"], bad["lastSuccess"]) == ("ill", None)
    assert bad["lastError"] == "PostgreSQL: ConnectionRefusedError"
    assert found["status"] == "warn"
