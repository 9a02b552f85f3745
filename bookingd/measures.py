"""What is measured while the daemon works: plain numbers, since every request adds to them.

`exposition.py` tells them to Prometheus, and only then is its library loaded.
"""

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from bookingd.desk import Desk
from schedules.actor import Question
from schedules.channels import Channel, DeliveryError, Mail
from schedules.webhooks import Call
from storage.errors import Unavailable
from storage.interface import Storage
from storage.writes import Write

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds up to which each bucket of a histogram reaches."""

LAG_EVERY = 0.5
"""Seconds between two looks at the event loop."""


class Histogram:
    """How many durations, in seconds, fell into which bucket, and their sum."""

    __slots__ = ("_counts", "sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    @property
    def cumulative(self) -> list[int]:
        """For each bound how many were not longer; at the end how many there were."""
        return list(accumulate(self._counts))


class Measures:
    """The numbers of this daemon since its start."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.durations: dict[tuple[str, str], Histogram] = {}
        self.commits = Histogram()
        self.writes: Counter[str] = Counter()
        self.unwritten: str | None = None
        """Why the database could not write when the desk last asked it to; None if it could."""
        self.mails: Counter[str] = Counter()
        self.mailed_at: datetime | None = None
        self.calls: Counter[str] = Counter()
        self.lag = Histogram()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is a pattern, never a path: it has few values."""
        self.requests[method, route, status] += 1
        durations = self.durations.get((method, route))
        if durations is None:
            durations = self.durations[method, route] = Histogram()
        durations.add(seconds)

    async def watch_the_loop(self) -> None:
        """For ever: how late the event loop comes to what is due."""
        while True:
            due = time.perf_counter() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self.lag.add(max(0.0, time.perf_counter() - due))


class MeasuredDesk(Desk):
    """A desk whose commits are counted, and what became of each write."""

    def __init__(
        self, storage: Storage, after_commit: Callable[[], None], measures: Measures
    ) -> None:
        super().__init__(storage, after_commit)
        self._measures = measures

    async def handle(self, letters: Sequence[Question[Write[Any]]]) -> None:
        begun = time.perf_counter()  # uvloop's clock only counts milliseconds
        try:
            await super().handle(letters)
        finally:
            self._measures.commits.add(time.perf_counter() - begun)
            self._measures.writes.update(map(_outcome, letters))
            self._measures.unwritten = _unwritten(letters[-1])


class MeasuredChannel:
    """A channel whose mails are counted by what became of them."""

    def __init__(self, channel: Channel, measures: Measures, clock: Callable[[], datetime]) -> None:
        self._channel = channel
        self._measures = measures
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        """Return when the mail is the other side's. Raises a `DeliveryError`."""
        try:
            await self._channel.send(mail)
        except DeliveryError as error:
            self._measures.mails[type(error).__name__] += 1
            raise
        self._measures.mails["Sent"] += 1
        self._measures.mailed_at = self._clock()

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()


class MeasuredCalls:
    """The same for calls of webhooks."""

    def __init__(self, channel: Channel, measures: Measures) -> None:
        self._channel = channel
        self._measures = measures

    async def send(self, call: Call) -> None:
        """Return when it has been taken. Raises a `DeliveryError`."""
        try:
            await self._channel.send(call)
        except DeliveryError as error:
            self._measures.calls[type(error).__name__] += 1
            raise
        self._measures.calls["Sent"] += 1

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()


def _unwritten(question: Question[Write[Any]]) -> str | None:
    """What the database said if it could not write; a refusal such as `SlotTaken` is not meant."""
    answer = question.answer
    if not answer.done() or answer.cancelled():
        return None
    error = answer.exception()
    return str(error) if isinstance(error, Unavailable) else None


def _outcome(question: Question[Write[Any]]) -> str:
    """`Done`, or the name of the error; whoever stopped waiting did not see it."""
    answer = question.answer
    if not answer.done() or answer.cancelled():
        return "Unseen"
    error = answer.exception()
    return type(error).__name__ if error else "Done"
