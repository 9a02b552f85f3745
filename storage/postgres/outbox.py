"""The outbox: claimed, settled, retried, superseded."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from storage.errors import NotFound, NotRetryable, StorageError, Unavailable
from storage.ids import first_id, is_id
from storage.model import Due
from storage.postgres.connection import Connection, Pool, again
from storage.postgres.statements import outbox as sql
from storage.rows import as_json, read_due
from storage.settling import as_record, ends, outcomes
from storage.writes import (
    IN_ORDER,
    Claim,
    ForgetMessages,
    Owe,
    Redate,
    Release,
    Retry,
    RetryDead,
    Settle,
    Supersede,
    Write,
)


async def _claim(connection: Connection, write: Claim) -> list[Due]:
    await connection.execute(sql.FREE_STRANDED)
    await connection.execute(sql.MISS, write.now)
    asked = [write.now, write.limit, write.owner, write.now + IN_ORDER]
    if write.calls:
        rows = await connection.fetch(sql.CLAIM_CALLS, *asked, list(write.without))
    else:
        rows = await connection.fetch(sql.CLAIM, *asked)
    return sorted(
        map(read_due, rows), key=lambda due: (due.message.next_attempt_at, due.message.id)
    )


async def settle_all(pool: Pool, settles: Sequence[Settle]) -> list[Any | StorageError]:
    """One statement for all; if it breaks on one of them, one for each."""
    ended = ends(settles)
    records = list(map(as_record, ended.values()))
    try:
        settled = await again(pool, lambda connection: _settle(connection, records))
    except StorageError as error:
        if isinstance(error, Unavailable) or len(settles) == 1:
            return [error] * len(settles)
        return [(await settle_all(pool, [settle]))[0] for settle in settles]
    return list(outcomes(settles, ended, settled))


async def _settle(connection: Connection, records: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ids of those whose lease still held."""
    return {row["id"] for row in await connection.fetch(sql.SETTLE, as_json(records))}


async def _release(connection: Connection, write: Release) -> int:
    statement = sql.RELEASE_CALLS if write.calls else sql.RELEASE
    return len(await connection.fetch(statement, write.owner))


async def _retry(connection: Connection, write: Retry) -> None:
    if not is_id(write.message_id):
        raise NotFound
    await connection.execute(sql.HOLD_BOOKING, write.message_id)
    retried = await connection.fetchval(sql.RETRY, write.now, write.admin_email, write.message_id)
    if not retried:
        known = await connection.fetchval(sql.KNOWN_MESSAGE, write.message_id)
        raise NotRetryable if known else NotFound


async def _retry_dead(connection: Connection, write: RetryDead) -> int:
    await connection.execute(sql.HOLD_BOOKINGS_OF_DEAD)
    return int(await connection.fetchval(sql.RETRY_DEAD, write.now, write.admin_email))


async def _owe(connection: Connection, write: Owe) -> int:
    return len(await connection.fetch(sql.OWE_STILL, as_json(write.messages)))


async def _supersede(connection: Connection, write: Supersede) -> int:
    return len(await connection.fetch(sql.SUPERSEDE, write.message_ids))


async def _redate(connection: Connection, write: Redate) -> int:
    redated = await connection.fetch(sql.REDATE, write.now, first_id(write.now))
    await connection.execute(sql.HOLD_BOOKINGS_OF_MISSED, write.now)
    return len(redated) + len(await connection.fetch(sql.REMIND_AFTER_ALL, write.now))


async def _forget_messages(connection: Connection, write: ForgetMessages) -> int:
    behind = first_id(write.before)
    return int(await connection.fetchval(sql.FORGET_MESSAGES, behind, write.before, write.limit))


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    Claim: _claim,
    Release: _release,
    Retry: _retry,
    RetryDead: _retry_dead,
    Owe: _owe,
    Supersede: _supersede,
    Redate: _redate,
    ForgetMessages: _forget_messages,
}
