"""Actors: one task that owns something, and a bounded mailbox as the only way to it."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Letter = TypeVar("Letter")

PATIENCE = 2
"""Turns of the event loop: in one a request is read, in the next its handler runs."""

RESTARTS = 5
"""How often an actor may crash within `WINDOW` seconds before the daemon gives up."""

WINDOW = 60.0


class MailboxFull(Exception):
    """The actor has more waiting than it may; try again later."""


class Actor(ABC, Generic[Letter]):
    """Takes letters from its mailbox, as many at once as wait, up to `batch`."""

    def __init__(self, *, capacity: int, batch: int) -> None:
        self._capacity = capacity
        self._batch = batch
        self._mailbox: deque[Letter] = deque()
        self._bell = asyncio.Event()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many letters wait."""
        return len(self._mailbox)

    def tell(self, letter: Letter) -> None:
        """Leave a letter. Raises `MailboxFull`, at once, also when the actor is closed."""
        if self._closed or len(self._mailbox) >= self._capacity:
            raise MailboxFull
        self._mailbox.append(letter)
        self._bell.set()

    def close(self) -> None:
        """Take no more letters; `run` ends when the mailbox is empty."""
        self._closed = True
        self._bell.set()

    async def run(self) -> None:
        """Work until closed and empty. A letter in hand when `handle` fails is lost with it."""
        while letters := await self._take():
            await self.handle(letters)

    @abstractmethod
    async def handle(self, letters: Sequence[Letter]) -> None:
        """Do what the letters ask."""

    async def _take(self) -> list[Letter]:
        while not self._mailbox and not self._closed:
            self._bell.clear()
            await self._bell.wait()
        await self._gather()
        count = min(len(self._mailbox), self._batch)
        return [self._mailbox.popleft() for _ in range(count)]

    async def _gather(self) -> None:
        """Let in who is at the door: the loop turns until `PATIENCE` turns bring nobody new.

        To handle many letters costs little more than to handle one. Nobody waits for a clock.
        """
        turns = 0
        while turns < PATIENCE and len(self._mailbox) < self._batch:
            before = len(self._mailbox)
            await asyncio.sleep(0)
            turns = turns + 1 if len(self._mailbox) == before else 0


class Question(Generic[Letter]):
    """A letter that wants an answer."""

    __slots__ = ("answer", "letter")

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: object) -> None:
        """Answer with the outcome, or fail with it. An asker who went away is no matter."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


async def supervise(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run again what crashes, a little later each time; raise its error if it never holds.

    Returns when `run` returns.
    """
    loop = asyncio.get_running_loop()
    crashes: deque[float] = deque(maxlen=RESTARTS)
    while True:
        try:
            return await run()
        except Exception:
            log.exception("%s crashed", name)
            now = loop.time()
            if len(crashes) == RESTARTS and now - crashes[0] < WINDOW:
                raise
            crashes.append(now)
            await asyncio.sleep(0.1 * 2 ** len(crashes))
