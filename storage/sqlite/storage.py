"""The storage contract on SQLite, through aiosqlite."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from storage.errors import NotFound, StorageError, Unavailable
from storage.interface import (
    FAR,
    HEALTH,
    OVERDUE,
    SOON,
    BookingFilter,
    Health,
    MessageFilter,
    Position,
    Sort,
    Storage,
)
from storage.listing import Listing
from storage.model import (
    ApiKey,
    Booking,
    Event,
    Hold,
    IdempotencyKey,
    Message,
    Outbox,
    Resource,
    Service,
    Webhook,
)
from storage.outbox import OutboxListing
from storage.rows import as_json, microseconds, placed_before, read, text
from storage.sessions import Occupied, Sessions, read_occupied, read_sessions
from storage.sqlite.commit import commit
from storage.sqlite.connection import READERS, Readers, open_writer, translated
from storage.sqlite.files import DatabaseFile
from storage.sqlite.prepare import prepare
from storage.sqlite.statements import bookings, outbox, seats
from storage.writes import Write

Record = TypeVar("Record")

_CONTAINS = "instr(lowered({0}), lowered(?)) > 0"
_ADDRESS = "lower({0})"


class SqliteStorage(Storage):
    """Bookings in one file."""

    def __init__(self, file: DatabaseFile, writer: aiosqlite.Connection, readers: Readers) -> None:
        self.owner = random.getrandbits(31)
        self._file = file
        self._writer = writer
        self._readers = readers
        self._run: Any = writer._execute

    @classmethod
    async def open(cls, path: Path, *, shared: bool, create: bool) -> "SqliteStorage":
        """Open the file, or `create` it. The daemon (`shared` false) also frees all leases.

        Raises `AlreadyRunning`, `BadAddress`, `NewerSchema`, `NoDatabase`, `Unavailable`.
        """
        async with AsyncExitStack() as undo:
            file = DatabaseFile(path, shared=shared, create=create)
            undo.callback(file.close)
            with translated():
                writer = await open_writer(file.path)
                undo.push_async_callback(writer.close)
                file.remember()
                readers = await Readers.open(file.path)
                undo.push_async_callback(readers.close)
                storage = cls(file, writer, readers)
                await storage._run(prepare, writer._conn, file, not shared)
            undo.pop_all()
        return storage

    async def commit(self, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
        # aiosqlite runs each of its own methods through `_execute`, one hop to its thread a
        # statement. A batch is many statements and takes one hop.
        outcomes: list[Any | StorageError] = await self._run(
            commit, self._writer._conn, self._file, writes
        )
        return outcomes

    async def booking(self, booking_id: str) -> Booking:
        found = await self._all(Booking, "SELECT * FROM bookings WHERE id = ?", [booking_id])
        if not found:
            raise NotFound
        return found[0]

    async def placed_with(self, key: IdempotencyKey) -> Booking | None:
        return placed_before(await self._rows(bookings.KNOWN_KEYS, [as_json([key])]))

    async def events(self, booking_id: str) -> list[Event]:
        sql = "SELECT * FROM events WHERE booking_id = ? ORDER BY version"
        found = await self._all(Event, sql, [booking_id])
        if not found:
            raise NotFound
        return found

    async def bookings(
        self,
        which: BookingFilter,
        *,
        sort: Sort = Sort.START,
        limit: int,
        offset: int = 0,
        after: Position | None = None,
    ) -> list[Booking]:
        listing = Listing(which, contains=_CONTAINS, address=_ADDRESS, instant=text)
        return await self._all(
            Booking, listing.page(sort, limit, offset, after), listing.parameters
        )

    async def count_bookings(self, which: BookingFilter) -> int:
        listing = Listing(which, contains=_CONTAINS, address=_ADDRESS, instant=text)
        rows = await self._rows(listing.count(), listing.parameters)
        return int(rows[0][0])

    async def hold(self, token_digest: str) -> Hold:
        found = await self._all(Hold, "SELECT * FROM holds WHERE token_digest = ?", [token_digest])
        if not found:
            raise NotFound
        return found[0]

    async def sessions(
        self, resource_ids: Sequence[str], start: datetime, end: datetime, now: datetime
    ) -> Mapping[str, Sessions]:
        found = await self._booked(seats.SESSIONS, resource_ids, start, end, now)
        return {resource_id: read_sessions(*texts) for resource_id, *texts in found}

    async def occupied(
        self, resource_ids: Sequence[str], start: datetime, end: datetime, now: datetime
    ) -> Mapping[str, Occupied]:
        found = await self._booked(seats.OCCUPIED, resource_ids, start, end, now)
        return {resource_id: read_occupied(*texts) for resource_id, *texts in found}

    async def _booked(
        self, sql: str, resource_ids: Sequence[str], start: datetime, end: datetime, now: datetime
    ) -> list[Any]:
        """Of each resource the columns, and what stays where holds have expired."""
        asked = {
            "resources": as_json(resource_ids),
            "start": microseconds(start),
            "end": microseconds(end),
            "now": text(now),
        }
        return await self._rows(sql, asked)

    async def messages(self, booking_ids: Sequence[str]) -> list[Message]:
        marks = ", ".join("?" * len(booking_ids))
        sql = f"SELECT * FROM messages WHERE booking_id IN ({marks}) ORDER BY id"
        return await self._all(Message, sql, booking_ids)

    async def message(self, message_id: str) -> Message:
        found = await self._all(Message, "SELECT * FROM messages WHERE id = ?", [message_id])
        if not found:
            raise NotFound
        return found[0]

    async def outbox_page(
        self, which: MessageFilter, *, limit: int, after: str | None = None
    ) -> list[Message]:
        listing = OutboxListing(which, limit=limit, after=after, instant=text)
        return await self._all(Message, listing.sql, listing.parameters)

    async def outbox(self, now: datetime) -> Outbox:
        instants = {"now": now, "late": now - OVERDUE, "soon": now + SOON, "far": now + FAR}
        as_text = {name: text(instant) for name, instant in instants.items()}
        [row] = await self._rows(outbox.OUTBOX, as_text)
        return read(Outbox, row)

    async def services(self) -> list[Service]:
        return await self._all(Service, "SELECT * FROM services ORDER BY id")

    async def resources(self) -> list[Resource]:
        return await self._all(Resource, "SELECT * FROM resources ORDER BY id")

    async def webhooks(self) -> list[Webhook]:
        return await self._all(Webhook, "SELECT * FROM webhooks ORDER BY id")

    async def keys(self) -> list[ApiKey]:
        return await self._all(ApiKey, "SELECT * FROM api_keys ORDER BY id")

    async def health(self) -> Health:
        begun = time.monotonic()
        self._file.check()
        try:
            async with asyncio.timeout(HEALTH):
                await self._rows("SELECT 1 FROM schema_migrations")
        except TimeoutError as error:
            raise Unavailable("SQLite did not answer in time") from error
        return Health(
            backend="sqlite",
            latency=time.monotonic() - begun,
            size=READERS + 1,
            idle=self._readers.idle,
            maximum=READERS + 1,
        )

    async def close(self) -> None:
        await self._readers.close()
        async with AsyncExitStack() as last:
            last.callback(self._file.close)
            with suppress(Unavailable):  # who keeps the turn has the file open, and checkpoints
                await self._run(self._file.take_turn)  # for the last to close writes a checkpoint
                last.callback(self._file.give_turn)
            last.push_async_callback(self._writer.close)

    async def _all(self, kind: type[Record], sql: str, parameters: Any = ()) -> list[Record]:
        return [read(kind, row) for row in await self._rows(sql, parameters)]

    async def _rows(self, sql: str, parameters: Any = ()) -> list[Any]:
        async with self._readers.one() as connection:
            return list(await connection.execute_fetchall(sql, parameters))
