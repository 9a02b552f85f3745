"""Databases for the tests: SQLite in a file, PostgreSQL in a server of its own."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from storage import open_storage
from storage.interface import Storage
from tests import memory, postgres
from tests.postgres import Clerk
from tests.records import PREPARED, done

# What holds is tried with the same examples every time; how long one takes depends on the machine.
# Others are found by ARGS=--hypothesis-profile=default, to be written down as examples.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("same")


def pytest_configure() -> None:
    """Put the folders of the tests in memory, and have no event loop yet.

    pytest-asyncio asks for the current loop before its first test, and so would make one. Nobody
    would close that one; it would be missed in whichever test the collector runs.
    """
    if folder := memory.folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))
    asyncio.set_event_loop(None)
    gc.disable()


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over the tests themselves, which stay to the end."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts daemons, and mostly waits, comes first: in the end no worker waits alone."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


class Doors:
    """Opens one database, once or more often, and closes what a test leaves open."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open: list[Storage] = []

    async def open(self, url: str | None = None, *, shared: bool = False) -> Storage:
        storage = await open_storage(url or self.url, shared=shared)
        self._open.append(storage)
        return storage

    async def beside(self) -> Storage:
        """A second one at the same time; SQLite knows that only from the command line."""
        return await self.open(shared=self.url.startswith("sqlite"))

    async def close(self, storage: Storage) -> None:
        self._open.remove(storage)
        await storage.close()

    async def close_all(self) -> None:
        for storage in reversed(self._open.copy()):
            await self.close(storage)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_clerk(postgres_server: str) -> Iterator[Clerk]:
    clerk = Clerk(postgres_server)
    yield clerk
    clerk.close()


@pytest.fixture(scope="session")
def postgres_schema(postgres_clerk: Clerk) -> Iterator[str]:
    """The name of a database that was opened once, and so has the schema."""
    with postgres_clerk.database() as url:
        postgres_clerk.run(_opened_once(url))
        yield urlsplit(url).path.removeprefix("/")


async def _opened_once(url: str) -> None:
    await (await open_storage(url)).close()


@pytest.fixture
def like(postgres_schema: str) -> str:
    """What a database in PostgreSQL is a copy of; to make the schema each time takes longer."""
    return postgres_schema


@pytest.fixture
def postgres_url(postgres_clerk: Clerk, like: str) -> Iterator[str]:
    with postgres_clerk.database(like) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'bookingd.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a database in which nothing is kept, of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def doors(database: str) -> AsyncIterator[Doors]:
    doors = Doors(database)
    yield doors
    await doors.close_all()


@pytest.fixture
async def storage(doors: Doors) -> Storage:
    """An open database that knows the service and the rooms of `tests.records`."""
    storage = await doors.open()
    await done(storage, *PREPARED)
    return storage
