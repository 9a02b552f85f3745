"""What the tests of the middle floor need besides an open database."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.records import NOW


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for another kind by `on_both`."""
    kind = getattr(request, "param", "sqlite")
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@dataclass
class Clock:
    """The time, as the test has it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass on the clock of the running event loop, at once."""
    loop = asyncio.get_running_loop()
    begin, passed = loop.time, 0.0

    def later(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(loop, "time", lambda: begin() + passed)
    return later
