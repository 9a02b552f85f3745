"""What the tests of the middle floor need besides an open database."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from storage.interface import Storage
from tests.schedules.office import Clock, Office


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for another kind by `on_both`."""
    kind = getattr(request, "param", "sqlite")
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


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


@pytest.fixture
async def office(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr("schedules.dispatcher.FAREWELL", 1.0)
    office = Office(storage, clock)
    yield office
    await office.close()
