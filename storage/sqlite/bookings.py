"""Bookings: placed, changed, erased."""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from storage.erasure import ERASED
from storage.errors import HoldExpired, KeyReused, SlotTaken, StorageError
from storage.model import Booking, KeptKey
from storage.rows import as_json, placed_before, read_placed, text
from storage.sqlite.connection import Raw
from storage.sqlite.records import json, lists, stale
from storage.sqlite.seats import attempt, check, sweep, unless_taken
from storage.sqlite.statements import bookings as sql
from storage.sqlite.statements import outbox, seats
from storage.writes import Change, Erase, ForgetKeys, Place, Write


def place(connection: Raw, places: Sequence[Place]) -> list[Any | StorageError]:
    """All of them at once; if one has no place, one after the other.

    None of them has a hold or caps. Holds that have expired are in nobody's way.
    """
    try:
        return place_all(connection, places)
    except SlotTaken as refusal:
        if not sweep(connection, max(one.at for one in places)) and len(places) == 1:
            return [refusal]
        return [_place_alone(connection, one) for one in places]


def _place_alone(connection: Raw, one: Place) -> Any | StorageError:
    try:
        return place_all(connection, [one])[0]
    except SlotTaken as refusal:
        return refusal


def place_all(connection: Raw, places: Sequence[Place]) -> list[Any]:
    """All of them or, with `SlotTaken`, none; those whose idempotency key is known are not new."""
    known = _known(connection, places)
    new = [one for one in places if one.booking.id not in known] if known else places
    bookings = lists([one.booking for one in new])
    unless_taken(connection, sql.PLACE, [bookings, *_told(new)])
    if keys := _kept(new):
        connection.execute(sql.KEEP_KEYS, [lists(keys)])
    return [known.get(one.booking.id) for one in places]


def _kept(places: Sequence[Place]) -> list[KeptKey]:
    return [kept for one in places if (kept := one.kept)]


def _known(connection: Raw, places: Sequence[Place]) -> dict[str, Booking | KeyReused]:
    """Those whose idempotency key has placed a booking before."""
    keys = _kept(places)
    return read_placed(_known_keys(connection, keys)) if keys else {}


def _known_keys(connection: Raw, keys: Sequence[KeptKey]) -> sqlite3.Cursor:
    return connection.execute(sql.KNOWN_KEYS, [json(keys)])


def _place_guarded(connection: Raw, write: Place) -> Booking | None:
    """One that has a hold or caps."""

    def work() -> Booking | None:
        if write.hold is not None and not _redeemed(connection, write):
            return _placed_before(connection, write)
        placed: Booking | KeyReused | None = place_all(connection, [write])[0]
        if isinstance(placed, KeyReused):
            raise placed
        if placed is None:
            check(connection, write.caps)
        return placed

    return attempt(connection, write.at, work)


def _redeemed(connection: Raw, write: Place) -> bool:
    booking = write.booking
    asked = {
        "hold": write.hold,
        "now": text(write.at),
        "service": booking.service_id,
        "resource": booking.resource_id,
        "start": text(booking.start_time),
        "end": text(booking.end_time),
    }
    return connection.execute(seats.REDEEM, asked).rowcount > 0


def _placed_before(connection: Raw, write: Place) -> Booking:
    """What was placed with its idempotency key, and then with its hold. Raises `HoldExpired`."""
    placed = placed_before(_known_keys(connection, _kept([write])))
    if placed is None:
        raise HoldExpired
    return placed


def _change(connection: Raw, write: Change) -> None:
    attempt(connection, write.at, lambda: _change_all(connection, write))


def _change_all(connection: Raw, write: Change) -> None:
    parameters = [json([write.booking]), write.expected]
    if not unless_taken(connection, sql.CHANGE, parameters).rowcount:
        raise stale(connection, sql.VERSION, write.booking.id)
    connection.execute(outbox.SUPERSEDE_OLD, [write.booking.id])
    event, messages = _told([write])
    connection.execute(sql.TELL, [event])
    connection.execute(outbox.OWE, [messages])
    check(connection, write.caps)


def _told(writes: Sequence[Place | Change]) -> tuple[str, str]:
    """The events and the messages of these writes."""
    messages = list(chain.from_iterable(write.messages for write in writes))
    return lists([write.event for write in writes]), lists(messages)


def _forget_keys(connection: Raw, write: ForgetKeys) -> int:
    return connection.execute(sql.FORGET_KEYS, [text(write.before)]).rowcount


def _erase(connection: Raw, write: Erase) -> int:
    at, ids = text(write.at), as_json(write.booking_ids)
    values = {**ERASED, "answers": as_json(ERASED["answers"]), "at": at}
    rows = connection.execute(sql.ERASE, values | {"ids": ids}).fetchall()
    values |= {"ids": as_json([row["id"] for row in rows]), "actor": write.actor}
    for statement in sql.ERASE_THE_REST:
        connection.execute(statement, values)
    return len(rows)


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    Place: _place_guarded,
    Change: _change,
    ForgetKeys: _forget_keys,
    Erase: _erase,
}
