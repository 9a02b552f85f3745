"""What a write that takes a seat has in common with others."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from storage.errors import CapReached, StorageError
from storage.model import Cap
from storage.postgres.connection import Connection, Pool, again
from storage.postgres.statements import seats as sql
from storage.rows import microseconds


async def wait_for(connection: Connection, names: Iterable[str]) -> None:
    """Be the only one that counts what has these names, until the transaction ends."""
    if ordered := sorted(set(names)):
        await connection.execute(sql.WAIT_FOR, ordered)


def names(caps: Sequence[Cap]) -> list[str]:
    """Under which names these are counted."""
    return [f"cap {cap.service_id} {cap.resource_id}" for cap in caps]


async def check(connection: Connection, caps: Sequence[Cap]) -> None:
    """Raises `CapReached` if more seats are taken than one of `caps` allows."""
    for cap in caps:
        period = microseconds(cap.start), microseconds(cap.end)
        taken = await connection.fetchval(sql.TAKEN, cap.resource_id, *period, cap.service_id)
        if taken > cap.limit:
            raise CapReached


async def sweep(connection: Connection, now: datetime) -> int:
    """Forget the holds that have expired. Answers how many."""
    return int(await connection.fetchval(sql.SWEEP, now))


async def swept(pool: Pool, now: datetime) -> bool:
    """Whether no hold that has expired is in anybody's way any more.

    How many were is not asked: others may have swept them since the refusal.
    """
    try:
        await again(pool, lambda connection: sweep(connection, now))
    except StorageError:
        return False  # the refusal stands
    return True
