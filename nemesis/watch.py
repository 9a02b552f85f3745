"""When each job of a daemon ran, seen from outside."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress

from tests.e2e.daemon import FAULTS, Daemon

GLANCE = 0.1


class Watch:
    """Looks at a daemon's jobs, from an address of its own each time, so that no limit is met."""

    def __init__(self, daemon: Daemon, address: Callable[[], Mapping[str, str]]) -> None:
        self._daemon = daemon
        self._address = address
        self._last: dict[str, str] = {}
        self._ran: dict[str, list[float]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look, from now on."""
        self._task = asyncio.create_task(self._look())

    async def end(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def longest(self, job: str, since: float) -> float:
        """Seconds between two runs of a job at the most, the last one before `since` included."""
        runs = self._ran[job]
        first = max((n for n, at in enumerate(runs) if at < since), default=0)
        ends = [*runs[first + 1 :], time.monotonic()]
        return max(end - begun for begun, end in zip(runs[first:], ends, strict=True))

    def idle(self, since: float) -> list[str]:
        """The jobs that have not run since then."""
        return [job for job, runs in self._ran.items() if runs[-1] < since]

    async def _look(self) -> None:
        while True:
            with suppress(*FAULTS):
                self._note(await self._jobs(), time.monotonic())
            await asyncio.sleep(GLANCE)

    async def _jobs(self) -> dict[str, str]:
        found = await self._daemon.ask("GET", "/api/health/jobs", headers=self._address())
        jobs = found.body["jobs"] if found.status == 200 else []
        return {job["name"]: job["lastRun"] for job in jobs}

    def _note(self, jobs: Mapping[str, str], at: float) -> None:
        for job, ran in jobs.items():
            if ran and self._last.get(job) != ran:
                self._last[job] = ran
                self._ran[job].append(at)
