"""Jobs that keep going when the wall clock steps."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from schedules import scheduler as module
from schedules.intervals import Every
from schedules.scheduler import Scheduler
from storage.errors import Unavailable
from tests.deadlines import until_true

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


class Clocks:
    """Wall and monotonic time, as `time` gives them, and the steps that a test makes."""

    def __init__(self) -> None:
        self.stepped = 0.0

    def time(self) -> float:
        return time.time() + self.stepped

    def monotonic(self) -> float:
        return time.monotonic()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(module, "time", clocks)
    monkeypatch.setattr(module, "GUARD", 0.01)
    return clocks


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(now)
    yield scheduler
    scheduler.stop()


class Job:
    """Counts its runs."""

    def __init__(self, *, crashes: bool = False) -> None:
        self.runs = 0
        self._crashes = crashes

    async def run(self) -> None:
        self.runs += 1
        if self._crashes:
            raise ValueError("this job crashes")


def test_the_first_time_is_now():
    assert Every(MINUTE).get_next_fire_time(None, NOW) == NOW


@pytest.mark.parametrize("previous", [NOW - MINUTE, NOW - 5 * HOUR, NOW + 5 * HOUR])
def test_the_next_time_is_reckoned_from_now_whenever_the_last_was(previous: datetime):
    assert Every(MINUTE).get_next_fire_time(previous, NOW) == NOW + MINUTE


async def test_a_job_runs_at_once_and_again_and_again(scheduler: Scheduler):
    job = Job()
    scheduler.every(timedelta(milliseconds=5), "job", job.run)
    await scheduler.start()
    await until_true(lambda: job.runs > 3)


async def test_a_job_that_crashes_runs_again_and_harms_no_other(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
):
    bad, good = Job(crashes=True), Job()
    scheduler.every(timedelta(milliseconds=5), "bad", bad.run)
    scheduler.every(timedelta(milliseconds=5), "good", good.run)
    await scheduler.start()
    await until_true(lambda: bad.runs > 3 and good.runs > 3)
    assert "this job crashes" in caplog.text


async def test_what_storage_could_not_do_does_not_wait_for_its_turn(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "AGAIN", timedelta(milliseconds=5))
    errors: list[Exception] = [Unavailable("PostgreSQL: gone"), Unavailable("PostgreSQL: gone")]

    async def job() -> None:
        if errors:
            raise errors.pop()

    scheduler.every(HOUR, "job", job)
    await scheduler.start()
    [known] = scheduler.jobs
    await until_true(lambda: known.last_success)
    assert (known.failures, known.last_error) == (2, None)
    [known] = scheduler.jobs
    assert known.next_run is not None
    assert known.next_run > now() + HOUR / 2


async def test_it_remembers_what_each_job_last_did(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "AGAIN", HOUR)
    time = [NOW]
    scheduler = Scheduler(lambda: time[0])
    errors: list[Exception | None] = [
        None,
        Unavailable("PostgreSQL: gone"),
        ValueError("Ada's secret"),
        None,
    ]

    async def job() -> None:
        error = errors.pop(0)
        time[0] += MINUTE  # so long it takes
        if error:
            raise error

    scheduler.every(HOUR, "job", job)
    [known] = scheduler.jobs
    assert (known.name, known.last_run, known.last_success, known.failures) == (
        "job",
        None,
        None,
        0,
    )
    await scheduler.start()
    seen = []
    while errors:
        left = len(errors)
        await until_true(lambda left=left: len(errors) < left)
        await asyncio.sleep(0)
        [known] = scheduler.jobs
        seen.append((known.last_run, known.last_success, known.last_error, known.failures))
        assert known.next_run is not None
        scheduler.run_all_now()
    scheduler.stop()
    assert seen == [
        (NOW, NOW + MINUTE, None, 0),
        (NOW + MINUTE, NOW + MINUTE, "PostgreSQL: gone", 1),
        (NOW + 2 * MINUTE, NOW + MINUTE, "ValueError", 2),
        (NOW + 3 * MINUTE, NOW + 4 * MINUTE, None, 2),
    ]
    [warned] = [record for record in caplog.records if record.message == "job failed"]
    assert vars(warned)["reason"] == "PostgreSQL: gone"
    assert not warned.exc_info


async def test_a_job_never_runs_twice_at_once(scheduler: Scheduler):
    running, most, count = 0, 0, 0

    async def slow() -> None:
        nonlocal running, most, count
        running += 1
        most, count = max(most, running), count + 1
        await asyncio.sleep(0.01)
        running -= 1

    scheduler.every(timedelta(milliseconds=1), "slow", slow)
    await scheduler.start()
    await until_true(lambda: count > 5)
    assert most == 1


async def test_all_can_be_run_now(scheduler: Scheduler):
    jobs = [Job(), Job()]
    for number, job in enumerate(jobs):
        scheduler.every(HOUR, f"job {number}", job.run)
    await scheduler.start()
    await until_true(lambda: [job.runs for job in jobs] == [1, 1])
    scheduler.run_all_now()
    await until_true(lambda: [job.runs for job in jobs] == [2, 2])


@pytest.mark.parametrize("step", [-86400.0, -10.0, 10.0, 86400.0])
async def test_when_the_clock_steps_every_job_is_planned_anew(
    scheduler: Scheduler, clocks: Clocks, step: float
):
    job = Job()
    scheduler.every(HOUR, "job", job.run)
    await scheduler.start()
    await until_true(lambda: job.runs == 1)
    clocks.stepped += step
    await until_true(lambda: job.runs == 2)


async def test_one_job_can_be_run_now(scheduler: Scheduler):
    jobs = [Job(), Job()]
    for index, job in enumerate(jobs):
        scheduler.every(HOUR, str(index), job.run)
    await scheduler.start()
    await until_true(lambda: [job.runs for job in jobs] == [1, 1])
    scheduler.run_now("1")
    await until_true(lambda: jobs[1].runs == 2)
    assert jobs[0].runs == 1


async def test_a_job_at_work_that_is_to_run_now_runs_once_more(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
):
    begun, may_end = 0, asyncio.Event()

    async def slow() -> None:
        nonlocal begun
        begun += 1
        await may_end.wait()

    scheduler.every(HOUR, "slow", slow)
    await scheduler.start()
    await until_true(lambda: begun == 1)
    for _ in range(3):
        scheduler.run_now("slow")
    may_end.set()
    await until_true(lambda: begun == 2)
    await until_true(lambda: scheduler.jobs[0].last_success is not None)
    assert begun == 2
    assert not caplog.records


async def test_a_clock_that_only_drifts_plans_nothing_anew(scheduler: Scheduler, clocks: Clocks):
    often, seldom = Job(), Job()
    scheduler.every(timedelta(milliseconds=5), "often", often.run)
    scheduler.every(HOUR, "seldom", seldom.run)
    await scheduler.start()
    for _ in range(5):
        clocks.stepped += module.STEP / 2
        before = often.runs
        await until_true(lambda before=before: often.runs > before + 3)
    assert seldom.runs == 1


async def test_nothing_runs_once_it_is_stopped():
    scheduler, job = Scheduler(now), Job()
    scheduler.every(timedelta(milliseconds=1), "job", job.run)
    await scheduler.start()
    await until_true(lambda: job.runs > 1)
    scheduler.stop()
    runs = job.runs
    await asyncio.sleep(0.05)
    assert job.runs <= runs + 1
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "clock guard"]
