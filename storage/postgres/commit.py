"""Writes made true: new bookings and settled messages many to a statement, all else alone."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any, cast

from storage.errors import CapReached, SlotTaken, StorageError
from storage.postgres import bookings, catalogue, holds, keys, outbox, webhooks
from storage.postgres.connection import Connection, Pool, again
from storage.postgres.seats import swept
from storage.writes import Change, Keep, Place, Settle, Write, alike


async def commit(pool: Pool, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
    """Carry out `writes` in order; neighbours of those kinds share a statement."""
    outcomes: list[Any | StorageError] = []
    for kind, group in groupby(writes, alike):
        if kind is Place:
            outcomes += await bookings.place_all(pool, cast("list[Place]", list(group)))
        elif kind is Settle:
            outcomes += await outbox.settle_all(pool, cast("list[Settle]", list(group)))
        else:
            outcomes += [await _alone(pool, write) for write in group]
    return outcomes


async def _alone(pool: Pool, write: Write[Any]) -> Any | StorageError:
    """Once more if holds that have expired were in the way."""
    outcome = await _outcome(pool, write)
    if isinstance(outcome, SlotTaken | CapReached) and isinstance(write, Place | Change | Keep):
        return await _outcome(pool, write) if await swept(pool, write.at) else outcome
    return outcome


async def _outcome(pool: Pool, write: Write[Any]) -> Any | StorageError:
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
    for noun in (bookings, holds, outbox, catalogue, webhooks, keys)
    for kind, carry_out in noun.CARRY_OUT.items()
}
