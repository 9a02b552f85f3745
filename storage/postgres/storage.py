"""The storage contract on PostgreSQL, through asyncpg."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

from storage.errors import NoDatabase, NotFound, StorageError, Unavailable
from storage.ids import is_id
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
from storage.listing import ALIKE, Listing
from storage.migrate import HISTORY, outstanding
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
from storage.postgres.commit import commit
from storage.postgres.connection import CONNECT, MAXIMUM, Connection, Pool, Presence, one, open_pool
from storage.postgres.statements import bookings, listing, outbox, seats
from storage.rows import as_json, microseconds, placed_before, read
from storage.sessions import Occupied, Sessions, read_occupied, read_sessions
from storage.writes import Claim, Write

Record = TypeVar("Record")


ADDRESS = 'lower(({0}) COLLATE "C")'
"""How an address is compared: in no language, for in Turkish I is not the large i."""


def _contains(collation: str) -> str:
    """By `collation`: the database's own may lower in Turkish, or nothing beyond ASCII."""
    large, small = ALIKE
    lower = f"lower(translate({{}}, '{large}', '{small}') COLLATE \"{collation}\")"
    return f"strpos({lower.format('{0}')}, {lower.format('?')}) > 0"


class PostgresStorage(Storage):
    """Bookings in a PostgreSQL database."""

    def __init__(self, pool: Pool, presence: Presence, collation: str) -> None:
        self.owner = presence.owner
        self._contains = _contains(collation)
        self._pool = pool
        self._presence = presence

    @classmethod
    async def open(cls, url: str, *, create: bool) -> "PostgresStorage":
        """Connect, and migrate under a lock. `url` goes to asyncpg as it is, several hosts too.

        Without `create` only where bookingd was before.
        Raises `NewerSchema`, `NoDatabase`, `Unavailable`.
        """
        pool = await open_pool(url)
        try:
            async with one(pool) as connection:
                await _migrate(connection, create)
                collation = await connection.fetchval(listing.COLLATION)
        except BaseException:
            pool.terminate()
            raise
        return cls(pool, Presence(url), collation)

    async def commit(self, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
        if any(isinstance(write, Claim) for write in writes):
            try:
                await self._presence.keep()
            except Unavailable as error:
                return [error] * len(writes)
        return await commit(self._pool, writes)

    async def booking(self, booking_id: str) -> Booking:
        if not is_id(booking_id):
            raise NotFound
        found = await self._all(Booking, "SELECT * FROM bookings WHERE id = ?", booking_id)
        if not found:
            raise NotFound
        return found[0]

    async def placed_with(self, key: IdempotencyKey) -> Booking | None:
        return placed_before(await self._rows(bookings.KNOWN_KEYS, as_json([key])))

    async def events(self, booking_id: str) -> list[Event]:
        if not is_id(booking_id):
            raise NotFound
        sql = "SELECT * FROM events WHERE booking_id = ? ORDER BY version"
        found = await self._all(Event, sql, booking_id)
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
        listing = Listing(which, contains=self._contains, address=ADDRESS, instant=_as_it_is)
        return await self._all(
            Booking, listing.page(sort, limit, offset, after), *listing.parameters
        )

    async def count_bookings(self, which: BookingFilter) -> int:
        listing = Listing(which, contains=self._contains, address=ADDRESS, instant=_as_it_is)
        rows = await self._rows(listing.count(), *listing.parameters)
        return int(rows[0][0])

    async def hold(self, token_digest: str) -> Hold:
        found = await self._all(Hold, "SELECT * FROM holds WHERE token_digest = ?", token_digest)
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
        ids = list(filter(is_id, resource_ids))
        async with one(self._pool) as connection:
            rows: list[Any] = await connection.fetch(
                sql, ids, microseconds(start), microseconds(end), now
            )
        return rows

    async def messages(self, booking_ids: Sequence[str]) -> list[Message]:
        sql = "SELECT * FROM messages WHERE booking_id = ANY(?::uuid[]) ORDER BY id"
        return await self._all(Message, sql, list(filter(is_id, booking_ids)))

    async def message(self, message_id: str) -> Message:
        if not is_id(message_id):
            raise NotFound
        found = await self._all(Message, "SELECT * FROM messages WHERE id = ?", message_id)
        if not found:
            raise NotFound
        return found[0]

    async def outbox_page(
        self, which: MessageFilter, *, limit: int, after: str | None = None
    ) -> list[Message]:
        listing = OutboxListing(which, limit=limit, after=after, instant=_as_it_is)
        return await self._all(Message, listing.sql, *listing.parameters)

    async def outbox(self, now: datetime) -> Outbox:
        async with one(self._pool) as connection:
            row = await connection.fetchrow(
                outbox.OUTBOX, now, now - OVERDUE, now + SOON, now + FAR
            )
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
        asking = asyncio.create_task(self._rows("SELECT 1"))
        await asyncio.wait({asking}, timeout=HEALTH)
        if not asking.done():
            asking.cancel()  # and leave it: to give up takes asyncpg a connection of its own
            asking.add_done_callback(_forget)
            raise Unavailable("PostgreSQL did not answer in time")
        await asking
        return Health(
            backend="postgresql",
            latency=time.monotonic() - begun,
            size=self._pool.get_size(),
            idle=self._pool.get_idle_size(),
            maximum=MAXIMUM,
        )

    async def close(self) -> None:
        await self._presence.end()
        try:
            async with asyncio.timeout(CONNECT):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _all(self, kind: type[Record], sql: str, *parameters: Any) -> list[Record]:
        return [read(kind, row) for row in await self._rows(sql, *parameters)]

    async def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        async with one(self._pool) as connection:
            return list(await connection.fetch(_numbered(sql), *parameters))


_BEGUN = "SELECT to_regclass('schema_migrations') IS NOT NULL"


async def _migrate(connection: Connection, create: bool) -> None:
    """Bring the schema up to date, one transaction a migration; other daemons wait meanwhile."""
    if not create and not await connection.fetchval(_BEGUN):
        raise NoDatabase("the PostgreSQL database has no tables of bookingd")
    await connection.execute(f"SELECT pg_advisory_lock({outbox.PRESENCE}, -1)")
    try:
        await connection.execute(HISTORY)
        version = await connection.fetchval("SELECT max(version) FROM schema_migrations") or 0
        for migration in outstanding("storage.postgres.migrations", version):
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations VALUES ($1, $2, now())",
                    migration.version,
                    migration.name,
                )
    finally:
        await connection.execute(f"SELECT pg_advisory_unlock({outbox.PRESENCE}, -1)")


def _numbered(sql: str) -> str:
    """PostgreSQL's numbered parameters for the question marks."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)


def _forget(task: asyncio.Task[Any]) -> None:
    """Nobody waits for it any more, so its error is nobody's."""
    if not task.cancelled():
        task.exception()


def _as_it_is(instant: datetime) -> datetime:
    return instant
