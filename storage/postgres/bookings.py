"""Bookings: placed, changed, erased."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from storage.erasure import ERASED, PERSONAL
from storage.errors import HoldExpired, KeyReused, SlotTaken, StorageError, Unavailable
from storage.model import Booking
from storage.postgres.connection import Connection, Pool, again
from storage.postgres.records import stale
from storage.postgres.seats import check, names, swept, wait_for
from storage.postgres.statements import bookings as sql
from storage.postgres.statements import outbox, seats
from storage.rows import as_json, placed_before, read_placed
from storage.writes import Change, Erase, ForgetKeys, Place, Write


async def place_all(pool: Pool, places: Sequence[Place]) -> list[Any | StorageError]:
    """One statement for all; once more for those in whose way were holds that have expired."""
    outcomes = await _place_together(pool, places)
    refused = [one for one, met in zip(places, outcomes, strict=True) if isinstance(met, SlotTaken)]
    if not refused or not await swept(pool, max(one.at for one in refused)):
        return outcomes
    second = iter(await _place_together(pool, refused))
    return [next(second) if isinstance(met, SlotTaken) else met for met in outcomes]


async def _place_together(pool: Pool, places: Sequence[Place]) -> list[Any | StorageError]:
    """If the one statement breaks on one of them, one for each."""
    try:
        placed = await again(pool, lambda connection: _place(connection, places))
    except Unavailable as error:
        return [error] * len(places)
    except StorageError as error:
        if len(places) == 1:
            return [error]
        return [(await _place_together(pool, [place]))[0] for place in places]
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


async def _place_guarded(connection: Connection, write: Place) -> Booking | None:
    """One that has a hold or caps."""
    await wait_for(connection, names(write.caps))
    if write.hold is not None and not await _redeemed(connection, write):
        return await _placed_before(connection, write)
    outcomes = await _place(connection, [write])
    if write.booking.id not in outcomes:
        raise SlotTaken
    placed = outcomes[write.booking.id]
    if isinstance(placed, KeyReused):
        raise placed
    if placed is None:
        await check(connection, write.caps)
    return placed


async def _redeemed(connection: Connection, write: Place) -> bool:
    booking = write.booking
    gone = await connection.fetchval(
        seats.REDEEM,
        write.hold,
        write.at,
        booking.service_id,
        booking.resource_id,
        booking.start_time,
        booking.end_time,
    )
    return gone is not None


async def _placed_before(connection: Connection, write: Place) -> Booking:
    """What was placed with its idempotency key, and then with its hold. Raises `HoldExpired`."""
    kept = [write.kept] if write.kept else []
    placed = placed_before(await connection.fetch(sql.KNOWN_KEYS, as_json(kept)))
    if placed is None:
        raise HoldExpired
    return placed


async def _change(connection: Connection, write: Change) -> None:
    booking = write.booking
    await wait_for(connection, names(write.caps))
    if not await connection.fetchval(sql.CHANGE, as_json(booking), write.expected):
        raise await stale(connection, sql.VERSION, booking.id)
    await connection.execute(outbox.SUPERSEDE_OLD, booking.id)
    await connection.execute(sql.TELL, as_json(write.event))
    await connection.execute(outbox.OWE, as_json(write.messages))
    await check(connection, write.caps)


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
    Place: _place_guarded,
    Change: _change,
    ForgetKeys: _forget_keys,
    Erase: _erase,
}
