"""The database behind the daemon's back: read, locked, and robbed of its guard."""

import asyncio
import fcntl
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from tests.postgres import connected, execute


class Database:
    """Either database by its URL; SQLite is read by a connection that cannot write."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self.file:
            return await asyncio.to_thread(self._sqlite, sql, "ro")
        async with connected(self.url) as connection:
            return [tuple(row) for row in await connection.fetch(sql)]

    async def do(self, *statements: str) -> None:
        """Change something."""
        for statement in statements:
            if self.file:
                await asyncio.to_thread(self._sqlite, statement, "rw")
            else:
                await execute(self.url, statement)

    async def number(self, sql: str) -> int:
        [[found]] = await self.rows(sql)
        return int(found)

    async def states(self) -> Counter[str]:
        """How many messages stand where."""
        return Counter(dict(await self.rows("SELECT state, count(*) FROM messages GROUP BY state")))

    async def due(self) -> int:
        """How many messages should be on their way by now."""
        return await self._late("due_at")

    async def ready(self) -> int:
        """How many of these do not wait for their next attempt."""
        return await self._late("next_attempt_at")

    async def _late(self, column: str) -> int:
        now = "strftime('%Y-%m-%dT%H:%M:%f', 'now')" if self.file else "now()"
        return await self.number(
            "SELECT count(*) FROM messages "
            f"WHERE state = 'leased' OR state = 'pending' AND {column} <= {now}"
        )

    async def leased(self) -> dict[str, int]:
        """The messages under way, and by which daemon."""
        rows = await self.rows("SELECT id, leased_by FROM messages WHERE state = 'leased'")
        return {str(message_id): owner for message_id, owner in rows}

    async def overlaps(self) -> int:
        """How many pairs of live bookings share an instant."""
        return await self.number(
            "WITH live AS (SELECT * FROM bookings WHERE status IN ('PENDING', 'CONFIRMED')) "
            "SELECT count(*) FROM live AS one JOIN live AS two "
            "ON one.resource_id = two.resource_id AND one.id < two.id "
            "AND one.occupied_start < two.occupied_end AND two.occupied_start < one.occupied_end"
        )

    async def unguard(self) -> None:
        """Take the guard against overlaps away, and the key that refuses what begins alike."""
        if self.file:
            await self.do("DROP TRIGGER booking_no_overlap", "DROP TRIGGER booking_takes_seat")
        else:
            await self.do(
                "ALTER TABLE sessions DROP CONSTRAINT booking_no_overlap, "
                "DROP CONSTRAINT sessions_pkey"
            )

    @asynccontextmanager
    async def held(self, *statements: str) -> AsyncIterator[None]:
        """While somebody else holds it, and has done this much, nobody can write."""
        if self.file:
            with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                for statement in statements:
                    connection.execute(statement)
                yield
                connection.execute("COMMIT")
        else:
            async with connected(self.url) as connection, connection.transaction():
                # In the order of the dispatcher, who looks all the time.
                await connection.execute("LOCK TABLE messages, bookings IN EXCLUSIVE MODE")
                for statement in statements:
                    await connection.execute(statement)
                yield

    async def kept_waiting(self) -> bool:
        """Whether the daemon waits for whoever holds the database."""
        if self.file:
            return turn_is_taken(self.file)
        return await self.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0

    def _sqlite(self, sql: str, mode: str) -> list[tuple[Any, ...]]:
        uri = f"file:{self.file}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def turn(file: Path, *, wait: bool = False) -> Iterator[None]:
    """The turn to write to SQLite, as the command line takes it.

    Raises `BlockingIOError` when somebody has it, unless told to `wait`.
    """
    with file.with_name(file.name + ".turn").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def turn_is_taken(file: Path) -> bool:
    try:
        with turn(file):
            return False
    except BlockingIOError:
        return True
