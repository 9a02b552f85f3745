"""Connections: one that writes, a few that only read."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import aiosqlite

from storage.errors import StorageError, Unavailable
from storage.listing import ALIKE

BUSY = 2.0
"""Seconds to wait for somebody outside who holds the database."""

READERS = 3

Raw: TypeAlias = sqlite3.Connection

_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    TypeError,
    UnicodeError,
    OverflowError,
)
"""What is wrong with the values themselves."""

_WRITER = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
"""FULL: in WAL mode NORMAL may lose a commit with the power (sqlite.org/pragma.html).
What is deleted is overwritten, for the sake of whom it tells of."""

_ALIKE = str.maketrans(*ALIKE)


async def open_writer(path: Path) -> aiosqlite.Connection:
    """The one connection that writes and checkpoints; it makes the file if there is none."""
    connection = await _connect(path, "rwc")
    try:
        for pragma in _WRITER:
            await connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        await connection.close()  # else its thread would keep the process alive
        raise
    return connection


class Readers:
    """A few connections that can only read; each serves one caller at a time."""

    def __init__(self, connections: list[aiosqlite.Connection]) -> None:
        self._all = connections
        self._idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._idle.put_nowait(connection)

    @classmethod
    async def open(cls, path: Path) -> "Readers":
        """Open them all."""
        return cls([await _connect(path, "ro") for _ in range(READERS)])

    @property
    def idle(self) -> int:
        """How many nobody uses."""
        return self._idle.qsize()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[aiosqlite.Connection]:
        """A connection, when one is free. Raises `Unavailable`."""
        connection = await self._idle.get()
        try:
            with translated():
                yield connection
        finally:
            self._idle.put_nowait(connection)

    async def close(self) -> None:
        """Close them all."""
        for connection in self._all:
            await connection.close()


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors as storage's: locked, full, gone and unreadable are all `Unavailable`."""
    try:
        yield
    except _REFUSED as error:
        raise StorageError(f"SQLite refused: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"SQLite: {error}") from error


async def _connect(path: Path, mode: str) -> aiosqlite.Connection:
    uri = f"file:{quote(str(path))}?mode={mode}"
    connection = await aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=BUSY)
    connection.row_factory = sqlite3.Row
    await connection.create_function("lowered", 1, _lowered, deterministic=True)
    return connection


def _lowered(value: str | None) -> str:
    """Letter by letter, as PostgreSQL does it; SQLite's own `lower` knows ASCII alone."""
    return (value or "").translate(_ALIKE).lower()
