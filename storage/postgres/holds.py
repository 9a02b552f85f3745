"""Holds: kept, extended, let go."""

from collections.abc import Awaitable, Callable
from typing import Any

from storage.errors import HoldExpired, SlotTaken, TooManyHolds
from storage.model import Hold
from storage.postgres.connection import Connection
from storage.postgres.seats import check, names, sweep, wait_for
from storage.postgres.statements import seats as sql
from storage.rows import as_json, read
from storage.writes import Extend, Keep, LetGo, SweepHolds, Write


async def _keep(connection: Connection, write: Keep) -> None:
    await wait_for(connection, [*names(write.caps), *_address(write)])
    await _check_address(connection, write)
    if not await connection.fetchval(sql.KEEP, as_json(write.hold)):
        raise SlotTaken
    await check(connection, write.caps)


def _address(write: Keep) -> list[str]:
    return [] if write.at_most is None else [f"holds {write.hold.address_digest}"]


async def _check_address(connection: Connection, write: Keep) -> None:
    if write.at_most is None:
        return
    if await connection.fetchval(sql.HELD, write.hold.address_digest, write.at) >= write.at_most:
        raise TooManyHolds


async def _extend(connection: Connection, write: Extend) -> Hold:
    row = await connection.fetchrow(sql.EXTEND, write.token_digest, write.until, write.now)
    if row is None:
        raise HoldExpired
    return read(Hold, row)


async def _let_go(connection: Connection, write: LetGo) -> bool:
    return await connection.fetchval(sql.LET_GO, write.token_digest) is not None


async def _sweep_holds(connection: Connection, write: SweepHolds) -> int:
    return await sweep(connection, write.now)


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    Keep: _keep,
    Extend: _extend,
    LetGo: _let_go,
    SweepHolds: _sweep_holds,
}
