"""The pool, the presence of this daemon, and what PostgreSQL's errors mean to us."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg

from storage.errors import BadAddress, SlotTaken, StorageError, Unavailable
from storage.postgres.statements import bookings, outbox

MAXIMUM = 20
"""Connections of one daemon at the most, the one that shows its presence included."""

CONNECT = 5.0
"""Seconds to wait for a connection."""

COMMAND = 15.0
"""Seconds for one command; the server gives up before, by `statement_timeout`."""

TRIES = 5
"""How often a transaction that collided with another is run."""

Connection: TypeAlias = Any
Pool: TypeAlias = Any

_SETTINGS = {
    "application_name": "bookingd",
    "timezone": "UTC",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two transactions got in each other's way; the same one again succeeds."""


def collided(error: Exception) -> bool:
    """Whether the same transaction again succeeds, or meets what the other one has written."""
    return isinstance(error, AGAIN) or (
        isinstance(error, asyncpg.UniqueViolationError)
        and error.constraint_name == bookings.KEY_ONCE
    )


_UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresSystemError,
    *AGAIN,
)


_QUOTING = (TypeError, UnicodeError, asyncpg.DataError)
"""Errors whose text quotes the value."""


async def open_pool(url: str) -> Pool:
    """Connections that read and write. Raises `BadAddress`, `Unavailable`."""
    with translated(), _readable(url):
        return await asyncpg.create_pool(
            url,
            min_size=2,
            max_size=MAXIMUM - 1,
            timeout=CONNECT,
            command_timeout=COMMAND,
            server_settings=_SETTINGS,
            init=_speak_plain_ids,
            reset=_leave,
        )


@asynccontextmanager
async def one(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool. Raises `Unavailable`."""
    with translated():
        async with pool.acquire(timeout=CONNECT) as connection:
            yield connection


async def again(pool: Pool, work: Callable[[Connection], Awaitable[Any]]) -> Any:
    """Do `work`, anew if it collided with another transaction."""
    async with one(pool) as connection:
        for _ in range(TRIES - 1):
            try:
                return await work(connection)
            except Exception as error:
                if not collided(error):
                    raise
        return await work(connection)


@contextmanager
def translated() -> Iterator[None]:
    """PostgreSQL's errors as storage's.

    Without a cause, and in words that hold no row's values: they may reach a log.
    """
    try:
        yield
    except asyncpg.ExclusionViolationError:
        raise SlotTaken from None
    except _QUOTING as error:
        raise StorageError(f"PostgreSQL cannot store this: {_words(error)}") from None
    except _UNAVAILABLE as error:
        raise Unavailable(f"PostgreSQL: {_words(error)}") from None
    except asyncpg.PostgresError as error:
        raise StorageError(f"PostgreSQL refused: {_words(error)}") from None


def _words(error: BaseException) -> str:
    """What the system says, or the kind of error and what the server said without values."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = error.args[0] if error.args and not isinstance(error, _QUOTING) else ""
    return f"{type(error).__name__} {said}".rstrip()


@contextmanager
def _readable(url: str) -> Iterator[None]:
    """Tells a URL that asyncpg cannot read from a server that it cannot reach."""
    try:
        yield
    except ValueError as error:  # ClientConfigurationError is one, too
        scheme = url.partition("://")[0]
        raise BadAddress(f"the {scheme} URL cannot be used: {error}") from None


class Presence:
    """A session that holds an advisory lock for as long as this daemon lives.

    The server drops the lock when the session ends, however the daemon died, and so others see
    that what `owner` had leased is free.
    """

    def __init__(self, url: str) -> None:
        self.owner = random.getrandbits(31)
        self._url = url
        self._session: Connection = None
        self._coming = asyncio.Lock()

    async def keep(self) -> None:
        """Be present, again if the session was lost. Raises `Unavailable`."""
        async with self._coming:
            if self._session is not None and not self._session.is_closed():
                return
            with translated():
                session = await asyncpg.connect(
                    self._url, timeout=CONNECT, server_settings=_SETTINGS
                )
                if not await session.fetchval(outbox.BE_PRESENT, self.owner):
                    await session.close(timeout=CONNECT)
                    raise Unavailable("the server still holds the lost session of this daemon")
                self._session = session

    async def end(self) -> None:
        """Be gone."""
        if self._session is not None:
            await self._session.close(timeout=CONNECT)


async def _leave(_: Connection) -> None:
    """Spare the round trip: no user of a connection leaves anything behind on it."""


async def _speak_plain_ids(connection: Connection) -> None:
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )
