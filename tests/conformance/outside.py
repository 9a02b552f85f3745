"""The database past bookingd: what an administrator with a shell could do, and what can break."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from tests.postgres import connected


class Outside(Protocol):
    """SQL in a connection of its own."""

    refusal: type[Exception]

    async def rows(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run each statement; the rows of the last."""
        ...

    async def unguard(self) -> None:
        """Take the guard against overlaps away."""
        ...

    async def poison(self, table: str, condition: str) -> None:
        """From now on a row of `table` that meets `condition` cannot be inserted."""
        ...

    async def sever(self, table: str, condition: str) -> None:
        """From now on such a row ends the whole transaction, whatever else is in it."""
        ...


class OutsideSqlite:
    refusal = sqlite3.IntegrityError

    def __init__(self, path: Path) -> None:
        self.path = path

    async def rows(self, *statements: str) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(self._rows, statements)

    def _rows(self, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return [connection.execute(statement).fetchall() for statement in statements][-1]

    async def unguard(self) -> None:
        # The key of `sessions` would go on to refuse what begins alike, so nobody takes a seat.
        await self.rows(
            "DROP TRIGGER booking_no_overlap",
            "DROP TRIGGER booking_takes_seat",
        )

    async def poison(self, table: str, condition: str) -> None:
        await self._on_insert(table, condition, "ABORT")

    async def sever(self, table: str, condition: str) -> None:
        await self._on_insert(table, condition, "ROLLBACK")

    async def _on_insert(self, table: str, condition: str, how: str) -> None:
        await self.rows(
            f"CREATE TRIGGER poison_{table} AFTER INSERT ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE({how}, 'poison'); END"
        )


class OutsidePostgres:
    refusal = asyncpg.ExclusionViolationError

    def __init__(self, url: str) -> None:
        self.url = url

    async def rows(self, *statements: str) -> list[tuple[Any, ...]]:
        async with connected(self.url) as connection:
            found = [await connection.fetch(statement) for statement in statements][-1]
            return [tuple(row) for row in found]

    async def unguard(self) -> None:
        await self.rows(
            "ALTER TABLE sessions DROP CONSTRAINT booking_no_overlap, DROP CONSTRAINT sessions_pkey"
        )

    async def poison(self, table: str, condition: str) -> None:
        await self._on_insert(table, condition, "RAISE EXCEPTION 'poison'")

    async def sever(self, table: str, condition: str) -> None:
        await self._on_insert(table, condition, "PERFORM pg_terminate_backend(pg_backend_pid())")

    async def _on_insert(self, table: str, condition: str, action: str) -> None:
        await self.rows(
            f"CREATE FUNCTION poison_{table}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$BEGIN {action}; RETURN NULL; END$$",
            f"CREATE TRIGGER poison_{table} AFTER INSERT ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION poison_{table}()",
        )

    async def hang_up(self) -> None:
        """End every other connection to this database."""
        await self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
