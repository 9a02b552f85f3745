"""APScheduler set up so that it keeps going when the wall clock steps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

STEP = 2.0
"""Seconds by which wall and monotonic time may drift apart in `GUARD` before it is a step."""

GUARD = 1.0


class Every(BaseTrigger):  # type: ignore[misc]
    """Fires `interval` after the last time, reckoned from now.

    APScheduler's own interval trigger reckons from the last planned time: it stalls when the
    clock steps back, and lists every missed run when it steps forward.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """At once the first time, then `interval` from now."""
        return now if previous is None else now + self.interval


class Scheduler:
    """Runs jobs, each at its interval, never twice at once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._scheduler: Any = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._guard: asyncio.Task[None] | None = None

    def every(self, interval: timedelta, name: str, job: Callable[[], Awaitable[object]]) -> None:
        """Run `job` now and then every `interval`."""

        async def run() -> None:
            with suppress(asyncio.CancelledError):  # by `stop`, which APScheduler calls a fault
                await job()

        self._scheduler.add_job(run, Every(interval), id=name, name=name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()
        self._guard = asyncio.create_task(self._watch_the_clock(), name="clock guard")

    def stop(self) -> None:
        """Start no more jobs."""
        if self._guard is not None:
            self._guard.cancel()
        self._scheduler.shutdown(wait=False)

    def run_all_now(self) -> None:
        """Plan every job anew from the present wall time."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=self._clock())

    async def _watch_the_clock(self) -> None:
        ahead = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(GUARD)
            before, ahead = ahead, time.time() - time.monotonic()
            if abs(ahead - before) > STEP:
                self.run_all_now()
