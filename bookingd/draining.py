"""The end of the daemon's day for HTTP: nobody new, and everybody inside is served."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Drain:
    """Counts the requests in flight, bodies still on their way included.

    aiohttp's own shutdown stops reading at once, and so would cut such a body off.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def inside(self) -> int:
        """How many requests are in flight."""
        return self._inside

    @contextmanager
    def request(self) -> Iterator[None]:
        """One request in flight."""
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def wait(self, seconds: float) -> None:
        """From now on each answer is the last on its connection; wait until none is owed."""
        self.stopping = True
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return
