"""Small things that are read all the time and change seldom."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

SECONDS = 1.0
"""How old a value may be. So long a change may take to be noticed, by any daemon."""


class Fresh(Generic[Value]):
    """What `load` gives, at most `SECONDS` old; loaded once for all who ask meanwhile."""

    def __init__(self, load: Callable[[], Awaitable[Value]]) -> None:
        self._load = load
        self._loading = asyncio.Lock()
        self._loaded_at = float("-inf")
        self._value: Value

    async def get(self) -> Value:
        """The value. Raises what `load` raises."""
        if self._stale():
            async with self._loading:
                if self._stale():
                    asked_at = time.monotonic()
                    self._value = await self._load()
                    self._loaded_at = asked_at
        return self._value

    def _stale(self) -> bool:
        return time.monotonic() - self._loaded_at > SECONDS
