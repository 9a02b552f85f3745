"""What somebody should look at, and that the log is told of it once."""

import logging
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bookingd import fresh
from bookingd.alarms import STUCK, Alarms
from bookingd.measures import Measures
from bookingd.vitals import Vitals
from schedules.scheduler import Scheduler
from storage.errors import Unavailable
from storage.interface import OVERDUE, Storage
from storage.model import MessageState
from tests.deadlines import until_true
from tests.records import DAY, HOUR, NOW, a_booking, a_message, done, place


@dataclass
class Mailer:
    fault: str | None = None


class Watch:
    """Alarms at a moment that the test moves."""

    def __init__(self, storage: Storage, *, relay: bool = True) -> None:
        self.now = NOW
        self.measures = Measures()
        self.mailer = Mailer() if relay else None
        self.scheduler = Scheduler(lambda: self.now)
        vitals = Vitals(storage, self.scheduler, lambda: self.now, lambda: 0)
        self.alarms = Alarms(vitals, self.measures, self.mailer, lambda: self.now)

    async def codes(self) -> list[str]:
        return [alarm.code for alarm in await self.alarms.now()]


@pytest.fixture(autouse=True)
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", -1.0)


@pytest.fixture
def watch(storage: Storage) -> Watch:
    return Watch(storage)


async def owe(storage: Storage, **fields) -> None:
    booking = a_booking()
    await done(storage, place(booking, a_message(booking, **fields)))


async def test_all_is_well(storage: Storage, watch: Watch):
    assert await watch.codes() == []
    await owe(storage, due=NOW + DAY)
    assert await watch.codes() == []


async def test_what_is_dead(storage: Storage, watch: Watch):
    await owe(storage, state=MessageState.DEAD)
    assert await watch.codes() == ["MAIL_DEAD"]


async def test_a_mailer_that_hands_nothing_over_although_something_is_due(
    storage: Storage, watch: Watch
):
    await owe(storage)
    watch.now = NOW + STUCK - timedelta(seconds=1)
    assert await watch.codes() == []
    watch.now = NOW + STUCK
    assert await watch.codes() == ["MAIL_STUCK"]
    watch.measures.mailed_at = NOW - HOUR
    assert await watch.codes() == ["MAIL_STUCK"]
    watch.measures.mailed_at = NOW
    assert await watch.codes() == []
    watch.now = NOW + OVERDUE
    assert await watch.codes() == ["MAIL_LATE"]


async def test_a_relay_that_cannot_be_used(watch: Watch):
    assert watch.mailer
    watch.mailer.fault = "127.0.0.1:25, SMTPConnectError"
    [alarm] = await watch.alarms.now()
    assert alarm.code == "RELAY_UNUSABLE"
    assert "127.0.0.1:25" in alarm.message


async def test_no_relay_matters_once_something_waits(storage: Storage):
    watch = Watch(storage, relay=False)
    assert await watch.codes() == []
    await owe(storage, due=NOW + DAY)
    assert await watch.codes() == ["NO_RELAY"]


async def test_a_database_that_answers_and_cannot_write(watch: Watch):
    watch.measures.unwritten = "SQLite: database or disk is full"
    [alarm] = await watch.alarms.now()
    assert alarm.code == "NOT_WRITTEN"
    assert alarm.message.endswith(": SQLite: database or disk is full")


async def test_a_job_that_failed(watch: Watch):
    async def ill() -> None:
        raise Unavailable("gone")

    watch.scheduler.every(HOUR, "ill", ill)
    await watch.scheduler.start()
    await until_true(lambda: watch.scheduler.jobs[0].last_error)
    watch.scheduler.stop()
    [alarm] = await watch.alarms.now()
    assert (alarm.code, alarm.message) == ("JOB_FAILED", "jobs that failed: ill")


async def test_the_log_is_told_once_of_what_is_new_and_once_when_it_is_over(
    watch: Watch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "bookingd.alarms")
    assert watch.mailer
    for fault in (None, "a", "a", "b", None, None, "c"):
        watch.mailer.fault = fault
        await watch.alarms.look()
        assert bool(watch.alarms.seen) == (fault is not None)
    told = [(record.levelname, record.alarm) for record in caplog.records]
    code = "RELAY_UNUSABLE"
    assert told == [("WARNING", code), ("INFO", code), ("WARNING", code)]


async def test_a_database_out_of_reach_is_an_alarm_too(
    storage: Storage, watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    async def gone(*_: object) -> None:
        raise Unavailable("SQLite: disk I/O error")

    monkeypatch.setattr(storage, "outbox", gone)
    await watch.alarms.look()
    assert [alarm.code for alarm in watch.alarms.seen] == ["DATABASE_GONE"]
