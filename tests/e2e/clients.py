"""Clients that book, move and cancel while daemons die, and note what they are promised."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from tests.e2e.booking import booking, slot
from tests.e2e.daemon import FAULTS, Answer, Daemon

CLIENTS = 16
PAUSE = 0.4
"""The longest that a client waits between two bookings; after no answer, it waits as long."""


@dataclass
class Promise:
    """What a client knows of its booking: what was answered, and what may have become of it."""

    starts: set[datetime]
    statuses: set[str] = field(default_factory=lambda: {"CONFIRMED"})


class Clients:
    """They ask any of the daemons, most of them in slots of their own, and some in others'."""

    def __init__(self, *daemons: Daemon, pause: float = PAUSE, seed: int = 20) -> None:
        self.promises: dict[str, Promise] = {}
        self.answers: Counter[int] = Counter()
        self.unanswered = 0
        self._daemons = daemons
        self._pause = pause
        self._slots = count()
        self._chance = random.Random(seed)
        self._tasks = [asyncio.create_task(self._work()) for _ in range(CLIENTS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(self._pause * self._chance.random())
            wish = booking(timeSlot=self._wish())
            placed = await self._try("POST", "/api/bookings", wish)
            if placed is None:
                await asyncio.sleep(self._pause)
                continue
            promise = Promise({_start(placed)})
            self.promises[placed.body["id"]] = promise
            path = f"/api/bookings/{placed.body['id']}"
            if self._chance.random() < 0.2:
                await self._move(path, promise)
            if self._chance.random() < 0.2:
                await self._cancel(path, promise)

    def _wish(self) -> dict[str, Any]:
        """A slot that nobody else wants, or one that two others may have halves of."""
        number = next(self._slots)
        return slot(number - 2.5) if number > 2 and self._chance.random() < 0.1 else slot(number)

    async def _move(self, path: str, promise: Promise) -> None:
        there = self._wish()
        promise.starts.add(datetime.fromisoformat(there["startTime"]))
        moved = await self._try("PUT", path, {"timeSlot": there})
        if moved is not None:
            promise.starts = {_start(moved)}

    async def _cancel(self, path: str, promise: Promise) -> None:
        promise.statuses.add("CANCELLED")
        if await self._try("DELETE", path) is not None:
            promise.statuses = {"CANCELLED"}

    async def _try(self, method: str, path: str, body: Any = None) -> Answer | None:
        daemon = self._chance.choice(self._daemons)
        try:
            answer = await daemon.ask(method, path, body)
        except FAULTS:
            self.unanswered += 1
            return None
        self.answers[answer.status] += 1
        return answer if answer.status < 300 else None


def _start(answer: Answer) -> datetime:
    return datetime.fromisoformat(answer.body["startTime"])
