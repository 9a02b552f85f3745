"""What the conformance tests need besides an open database."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conformance.outside import Outside, OutsidePostgres, OutsideSqlite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def outside(database: str) -> Outside:
    """SQL past bookingd."""
    if database.startswith("sqlite"):
        return OutsideSqlite(Path(database.removeprefix("sqlite:///")))
    return OutsidePostgres(database)


class Daemons:
    """Other processes on the same database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._running: list[asyncio.subprocess.Process] = []

    async def after(self, action: str, *options: str) -> list[str]:
        """Start one; the ids that it answers once it has done `action`."""
        command = ["-m", "tests.conformance.daemon", self._url, action, *options]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        self._running.append(process)
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().split()

    async def after_beside(self, action: str) -> list[str]:
        """The same beside another; SQLite knows that only from the command line."""
        shared = ["--shared"] if self._url.startswith("sqlite") else []
        return await self.after(action, *shared)

    async def kill(self) -> None:
        """End all of them as a power cut would."""
        while self._running:
            process = self._running.pop()
            with suppress(ProcessLookupError):  # it has ended by itself
                process.kill()
            await process.communicate()


@pytest.fixture
async def daemons(database: str) -> AsyncIterator[Daemons]:
    daemons = Daemons(database)
    yield daemons
    await daemons.kill()
