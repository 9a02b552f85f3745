"""Who is inside: only so many at once, and at the end of the day everybody is served."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

ROOM = 512
"""Requests that are worked on at once."""


class Drain:
    """Counts the requests in flight, bodies still on their way included.

    aiohttp's own shutdown stops reading at once, and so would cut such a body off.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._inside = 0
        self._arriving = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many requests are in flight."""
        return self._inside

    @property
    def crowded(self) -> bool:
        """Whether more are inside than there is room for; whose body has yet to come needs none."""
        return self._inside - self._arriving > ROOM

    def enter(self) -> None:
        """A request comes."""
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """It is answered."""
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While a request inside waits for its body."""
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1

    async def wait(self, seconds: float) -> None:
        """From now on each answer is the last on its connection; wait until none is owed."""
        self.stopping = True
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return
