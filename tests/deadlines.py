"""Waiting for what has to come, and no longer than it may take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 30.0
"""Seconds; what takes longer on the slowest of machines will not come."""

GLANCE = 0.002


async def until(look: Callable[[], Awaitable[Found]]) -> Found:
    """What `look` finds, once it finds something."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):  # noqa: ASYNC110 - whatever is awaited has no event
            await asyncio.sleep(GLANCE)
        return found


async def until_true(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return once it holds."""
    async with asyncio.timeout(patience):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(GLANCE)
