"""Writes made true: new bookings and settled messages many to a statement, all else alone."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any, cast

from storage.errors import StorageError
from storage.postgres import bookings, catalogue, keys, outbox, webhooks
from storage.postgres.connection import Connection, Pool, again
from storage.writes import Place, Settle, Write


async def commit(pool: Pool, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
    """Carry out `writes` in order; neighbours of those kinds share a statement."""
    outcomes: list[Any | StorageError] = []
    for kind, group in groupby(writes, type):
        if kind is Place:
            outcomes += await bookings.place_all(pool, cast("list[Place]", list(group)))
        elif kind is Settle:
            outcomes += await outbox.settle_all(pool, cast("list[Settle]", list(group)))
        else:
            outcomes += [await _alone(pool, write) for write in group]
    return outcomes


async def _alone(pool: Pool, write: Write[Any]) -> Any | StorageError:
    try:
        return await _transaction(pool, write)
    except StorageError as error:
        return error


async def _transaction(pool: Pool, write: Write[Any]) -> Any:
    carry_out = _CARRY_OUT[type(write)]

    async def work(connection: Connection) -> Any:
        async with connection.transaction():
            return await carry_out(connection, write)

    return await again(pool, work)


_CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    kind: carry_out
    for noun in (bookings, outbox, catalogue, webhooks, keys)
    for kind, carry_out in noun.CARRY_OUT.items()
}
