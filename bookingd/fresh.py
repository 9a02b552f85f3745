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
        self._loading: asyncio.Task[Value] | None = None
        self._loaded_at = float("-inf")
        self._value: Value

    async def get(self) -> Value:
        """The value. Raises what `load` raises."""
        if not self._stale():
            return self._value
        if self._loading is None:
            self._loading = asyncio.create_task(self._reload())
            self._loading.add_done_callback(self._loaded)
        return await asyncio.shield(self._loading)

    def forget(self) -> None:
        """Have whoever asks from now on wait for what is loaded from now on."""
        self._loaded_at = float("-inf")
        self._loading = None

    async def _reload(self) -> Value:
        asked_at = time.monotonic()
        value = await self._load()
        if self._loading is asyncio.current_task():  # else it has been forgotten meanwhile
            self._value, self._loaded_at = value, asked_at
        return value

    def _loaded(self, task: asyncio.Task[Value]) -> None:
        if self._loading is task:
            self._loading = None
        if not task.cancelled():
            task.exception()  # whoever asked has been told; nobody may have waited for it

    def _stale(self) -> bool:
        return time.monotonic() - self._loaded_at > SECONDS
