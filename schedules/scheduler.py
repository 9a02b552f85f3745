"""Jobs: what runs on its own, and what each last did."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from storage.errors import StorageError

log = logging.getLogger(__name__)

STEP = 2.0
"""Seconds by which wall and monotonic time may drift apart in `GUARD` before it is a step."""

GUARD = 1.0

AGAIN = timedelta(minutes=1)
"""So long after storage could not do a job it is tried again, where its turn comes later."""


@dataclass(slots=True, kw_only=True)
class Job:
    """What a job last did, for operators. `last_error` stays until it succeeds."""

    name: str
    last_run: datetime | None = None
    last_success: datetime | None = None
    last_error: str | None = None
    failures: int = 0
    next_run: datetime | None = None


class Scheduler:
    """Runs jobs, each at its interval, never twice at once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._planned: dict[str, tuple[timedelta, Callable[[], Awaitable[None]]]] = {}
        self._at_work: dict[str, bool] = {}
        self._scheduler: Any = None
        self._guard: asyncio.Task[None] | None = None

    @property
    def jobs(self) -> list[Job]:
        """All jobs, in the order of their making."""
        for planned in self._scheduler.get_jobs() if self._scheduler else ():
            self._jobs[planned.id].next_run = getattr(planned, "next_run_time", None)
        return list(self._jobs.values())

    def every(self, interval: timedelta, name: str, job: Callable[[], Awaitable[object]]) -> None:
        """Run `job` at the start and every `interval`; sooner again if storage could not."""
        known = self._jobs[name] = Job(name=name)

        async def run() -> None:
            self._at_work[name] = wanted = True
            try:
                while wanted:
                    self._at_work[name] = False
                    await self._once(known, job)
                    wanted = self._at_work[name]
            except asyncio.CancelledError:  # by `stop`, which APScheduler calls a fault
                return
            finally:
                del self._at_work[name]

        self._planned[name] = interval, run

    async def start(self) -> None:
        """Begin. APScheduler loads beside the event loop, which has its first answers to give."""
        intervals = await asyncio.to_thread(import_module, "schedules.intervals")
        self._scheduler = intervals.scheduler()
        for name, (interval, run) in self._planned.items():
            self._scheduler.add_job(run, intervals.Every(interval), id=name, name=name)
        self._scheduler.start()
        self._guard = asyncio.create_task(self._watch_the_clock(), name="clock guard")

    def stop(self) -> None:
        """Start no more jobs."""
        if self._guard is not None:
            self._guard.cancel()
        self._scheduler.shutdown(wait=False)

    def run_now(self, name: str) -> None:
        """Run a job now; one that is at work, once more. The start runs them all."""
        if name in self._at_work:
            self._at_work[name] = True
        elif self._scheduler:
            self._scheduler.modify_job(name, next_run_time=self._clock())

    def run_all_now(self) -> None:
        """Plan every job anew from the present wall time."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=self._clock())

    async def _once(self, known: Job, job: Callable[[], Awaitable[object]]) -> None:
        known.last_run = self._clock()
        try:
            await job()
        except StorageError as error:
            _failed(known, str(error))
            log.warning("job failed", extra={"job": known.name, "reason": str(error)})
            self._again(known.name)
        except Exception as error:
            _failed(known, type(error).__name__)
            raise  # APScheduler logs it
        else:
            known.last_success, known.last_error = self._clock(), None

    def _again(self, name: str) -> None:
        interval, _ = self._planned[name]
        if interval > AGAIN and self._scheduler.running:
            self._scheduler.modify_job(name, next_run_time=self._clock() + AGAIN)

    async def _watch_the_clock(self) -> None:
        ahead = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(GUARD)
            before, ahead = ahead, time.time() - time.monotonic()
            if abs(ahead - before) > STEP:
                self.run_all_now()


def _failed(job: Job, why: str) -> None:
    job.last_error = why
    job.failures += 1
