"""Bookings: placed, changed, erased."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from storage.erasure import ERASED, PERSONAL
from storage.errors import KeyReused, SlotTaken, StorageError, Unavailable
from storage.model import Booking
from storage.postgres.connection import Connection, Pool, again
from storage.postgres.records import stale
from storage.postgres.statements import bookings as sql
from storage.postgres.statements import outbox
from storage.rows import as_json, read_placed
from storage.writes import Change, Erase, ForgetKeys, Place, Write


async def place_all(pool: Pool, places: Sequence[Place]) -> list[Booking | StorageError | None]:
    """One statement for all; if it breaks on one of them, one for each."""
    try:
        placed = await again(pool, lambda connection: _place(connection, places))
    except Unavailable as error:
        return [error] * len(places)
    except StorageError as error:
        if len(places) == 1:
            return [error]
        return [(await place_all(pool, [place]))[0] for place in places]
    ids = [place.booking.id for place in places]
    return [placed[id_] if id_ in placed else SlotTaken() for id_ in ids]


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
        return dict.fromkeys(await _ids(connection, sql.PLACE, *records))
    placed = await _ids(connection, sql.PLACE_ONCE, *records, as_json(keys))
    refused = [key for key in keys if key.booking_id not in placed]
    known = await connection.fetch(sql.KNOWN_KEYS, as_json(refused)) if refused else []
    return dict.fromkeys(placed) | read_placed(known)


async def _ids(connection: Connection, statement: str, *parameters: str) -> set[str]:
    return {row["id"] for row in await connection.fetch(statement, *parameters)}


async def _change(connection: Connection, write: Change) -> None:
    booking = write.booking
    if not await connection.fetchval(sql.CHANGE, as_json(booking), write.expected):
        raise await stale(connection, sql.VERSION, booking.id)
    await connection.execute(outbox.SUPERSEDE_OLD, booking.id)
    await connection.execute(sql.TELL, as_json(write.event))
    await connection.execute(outbox.OWE, as_json(write.messages))


async def _forget_keys(connection: Connection, write: ForgetKeys) -> int:
    return int(await connection.fetchval(sql.FORGET_KEYS, write.before))


async def _erase(connection: Connection, write: Erase) -> int:
    erased = as_json(ERASED)
    rows = await connection.fetch(sql.ERASE, write.booking_ids, erased, write.at)
    ids = [row["id"] for row in rows]
    await connection.execute(sql.ERASE_EVENTS, ids, erased, PERSONAL)
    await connection.execute(sql.TELL_ERASED, ids, write.at, write.actor)
    for statement in sql.FORGET_OF:
        await connection.execute(statement, ids)
    return len(ids)


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    Change: _change,
    ForgetKeys: _forget_keys,
    Erase: _erase,
}
