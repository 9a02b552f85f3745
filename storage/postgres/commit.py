"""Writes made true: new bookings many to a statement, everything else a transaction each."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, groupby
from typing import Any, cast

from storage.erasure import ERASED, PERSONAL
from storage.errors import (
    KeyReused,
    NotFound,
    NotRetryable,
    SlotTaken,
    StaleVersion,
    StorageError,
    Unavailable,
)
from storage.ids import first_id, is_id
from storage.model import Booking, Due, Message, MessageState, Resource, Service, Webhook
from storage.postgres import statements
from storage.postgres.connection import Connection, Pool, collided, one
from storage.rows import as_json, read, read_due, read_placed
from storage.writes import (
    IN_ORDER,
    Change,
    Claim,
    DeleteWebhook,
    Erase,
    ForgetKeys,
    ForgetMessages,
    NoteUse,
    Owe,
    OweCall,
    Place,
    Release,
    Replay,
    Retry,
    RetryDead,
    SaveKey,
    SaveResource,
    SaveService,
    SaveWebhook,
    Settle,
    Supersede,
    Write,
)

TRIES = 5
"""How often a transaction that collided with another is run."""


async def commit(pool: Pool, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
    """Carry out `writes` in order; neighbouring bookings share a statement."""
    outcomes: list[Any | StorageError] = []
    for kind, group in groupby(writes, type):
        if kind is Place:
            outcomes += await _place_all(pool, cast("list[Place]", list(group)))
        else:
            outcomes += [await _alone(pool, write) for write in group]
    return outcomes


async def _place_all(pool: Pool, places: Sequence[Place]) -> list[Booking | StorageError | None]:
    """One statement for all; if it breaks on one of them, one for each."""
    try:
        placed = await _again(pool, lambda connection: _place(connection, places))
    except Unavailable as error:
        return [error] * len(places)
    except StorageError as error:
        if len(places) == 1:
            return [error]
        return [(await _place_all(pool, [place]))[0] for place in places]
    ids = [place.booking.id for place in places]
    return [placed[id_] if id_ in placed else SlotTaken() for id_ in ids]


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

    return await _again(pool, work)


async def _again(pool: Pool, work: Callable[[Connection], Awaitable[Any]]) -> Any:
    """Do `work`, anew if it collided with another transaction."""
    async with one(pool) as connection:
        for _ in range(TRIES - 1):
            try:
                return await work(connection)
            except Exception as error:
                if not collided(error):
                    raise
        return await work(connection)


async def _place(
    connection: Connection, places: Sequence[Place]
) -> dict[str, Booking | KeyReused | None]:
    """Outcomes by booking; who is not among them found the slot taken.

    Sorted by room and time, so that daemons wait in one order: else two batches that take the same
    slots of two rooms wait for each other.
    """
    ordered = sorted(
        places, key=lambda place: (place.booking.resource_id, place.booking.occupied_start)
    )
    records = [
        as_json([place.booking for place in ordered]),
        as_json([place.event for place in ordered]),
        as_json(list(chain.from_iterable(place.messages for place in ordered))),
    ]
    keys = [kept for place in ordered if (kept := place.kept)]
    if not keys:
        return dict.fromkeys(await _ids(connection, statements.PLACE, *records))
    placed = await _ids(connection, statements.PLACE_ONCE, *records, as_json(keys))
    refused = [key for key in keys if key.booking_id not in placed]
    known = await connection.fetch(statements.KNOWN_KEYS, as_json(refused)) if refused else []
    return dict.fromkeys(placed) | read_placed(known)


async def _ids(connection: Connection, sql: str, *parameters: str) -> set[str]:
    return {row["id"] for row in await connection.fetch(sql, *parameters)}


async def _change(connection: Connection, write: Change) -> None:
    booking = write.booking
    if not await connection.fetchval(statements.CHANGE, as_json(booking), write.expected):
        raise await _stale(connection, statements.VERSION, booking.id)
    await connection.execute(statements.SUPERSEDE_OLD, booking.id)
    await connection.execute(statements.TELL, as_json(write.event))
    await connection.execute(statements.OWE, as_json(write.messages))


async def _claim(connection: Connection, write: Claim) -> list[Due]:
    await connection.execute(statements.FREE_STRANDED)
    await connection.execute(statements.MISS, write.now)
    sql = statements.CLAIM_CALLS if write.calls else statements.CLAIM
    rows = await connection.fetch(sql, write.now, write.limit, write.owner, write.now + IN_ORDER)
    return sorted(
        map(read_due, rows), key=lambda due: (due.message.next_attempt_at, due.message.id)
    )


async def _settle(connection: Connection, write: Settle) -> bool:
    message = write.message
    return bool(
        await connection.fetchval(
            statements.SETTLE,
            message.id,
            message.leased_by,
            message.attempts,
            write.state,
            int(write.refund),
            write.next_attempt_at,
            write.error,
            write.at if write.state is MessageState.SENT else None,
            message.confirms,
            message.expires_at if message.reminds else None,
        )
    )


async def _release(connection: Connection, write: Release) -> int:
    sql = statements.RELEASE_CALLS if write.calls else statements.RELEASE
    return len(await connection.fetch(sql, write.owner))


async def _retry(connection: Connection, write: Retry) -> None:
    if not is_id(write.message_id):
        raise NotFound
    await connection.execute(statements.HOLD_BOOKING, write.message_id)
    retried = await connection.fetchval(
        statements.RETRY, write.now, write.admin_email, write.message_id
    )
    if not retried:
        known = await connection.fetchval(statements.KNOWN_MESSAGE, write.message_id)
        raise NotRetryable if known else NotFound


async def _retry_dead(connection: Connection, write: RetryDead) -> int:
    await connection.execute(statements.HOLD_BOOKINGS_OF_DEAD)
    return int(await connection.fetchval(statements.RETRY_DEAD, write.now, write.admin_email))


async def _owe(connection: Connection, write: Owe) -> int:
    return len(await connection.fetch(statements.OWE_STILL, as_json(write.messages)))


async def _supersede(connection: Connection, write: Supersede) -> int:
    return len(await connection.fetch(statements.SUPERSEDE, write.message_ids))


async def _forget_keys(connection: Connection, write: ForgetKeys) -> int:
    return int(await connection.fetchval(statements.FORGET_KEYS, write.before))


async def _forget_messages(connection: Connection, write: ForgetMessages) -> int:
    behind = first_id(write.before)
    return int(
        await connection.fetchval(statements.FORGET_MESSAGES, behind, write.before, write.limit)
    )


async def _erase(connection: Connection, write: Erase) -> int:
    erased = as_json(ERASED)
    rows = await connection.fetch(statements.ERASE, write.booking_ids, erased, write.at)
    ids = [row["id"] for row in rows]
    await connection.execute(statements.ERASE_EVENTS, ids, erased, PERSONAL)
    await connection.execute(statements.TELL_ERASED, ids, write.at, write.actor)
    for statement in statements.FORGET_OF:
        await connection.execute(statement, ids)
    return len(ids)


async def _save_service(connection: Connection, write: SaveService) -> None:
    await _save(connection, write.service, statements.SAVE_SERVICE, statements.KNOWN_SERVICE)


async def _save_resource(connection: Connection, write: SaveResource) -> None:
    await _save(connection, write.resource, statements.SAVE_RESOURCE, statements.KNOWN_RESOURCE)


async def _save_webhook(connection: Connection, write: SaveWebhook) -> None:
    webhook = write.webhook
    await _save(connection, webhook, statements.SAVE_WEBHOOK, statements.KNOWN_WEBHOOK)
    if not webhook.active:
        await connection.execute(statements.SUPERSEDE_CALLS, webhook.id)


async def _delete_webhook(connection: Connection, write: DeleteWebhook) -> None:
    if not await connection.fetchval(statements.DELETE_WEBHOOK, write.webhook_id, write.expected):
        raise await _stale(connection, statements.KNOWN_WEBHOOK, write.webhook_id)
    await connection.execute(statements.SUPERSEDE_ALL_CALLS, write.webhook_id)


async def _owe_call(connection: Connection, write: OweCall) -> None:
    if not await connection.fetchval(statements.OWE_CALL, as_json(write.message)):
        raise NotFound


async def _replay(connection: Connection, write: Replay) -> Message:
    if not is_id(write.message_id):
        raise NotFound
    row = await connection.fetchrow(
        statements.REPLAY, write.message_id, write.webhook_id, write.now
    )
    if row is None:
        raise NotFound
    return read(Message, row)


async def _save(
    connection: Connection, record: Service | Resource | Webhook, save: str, known: str
) -> None:
    if not await connection.fetchval(save, as_json(record)):
        raise await _stale(connection, known, record.id)


async def _stale(connection: Connection, known: str, record_id: str) -> StaleVersion | NotFound:
    """Why no row had the version that was asked for."""
    found = await connection.fetchval(known, record_id)
    return StaleVersion() if found else NotFound()


async def _save_key(connection: Connection, write: SaveKey) -> None:
    await connection.execute(statements.SAVE_KEY, as_json(write.key))


async def _note_use(connection: Connection, write: NoteUse) -> None:
    await connection.execute(statements.NOTE_USE, list(write.used), list(write.used.values()))


_CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    Change: _change,
    Claim: _claim,
    Settle: _settle,
    Release: _release,
    Retry: _retry,
    RetryDead: _retry_dead,
    Owe: _owe,
    Supersede: _supersede,
    ForgetKeys: _forget_keys,
    ForgetMessages: _forget_messages,
    Erase: _erase,
    SaveService: _save_service,
    SaveResource: _save_resource,
    SaveWebhook: _save_webhook,
    DeleteWebhook: _delete_webhook,
    OweCall: _owe_call,
    Replay: _replay,
    SaveKey: _save_key,
    NoteUse: _note_use,
}
