"""Bookings: placed, changed, erased."""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from storage.erasure import ERASED
from storage.errors import KeyReused, SlotTaken, StorageError
from storage.model import Booking, KeptKey
from storage.rows import as_json, read_placed, text
from storage.sqlite.connection import Raw
from storage.sqlite.records import json, stale
from storage.sqlite.statements import bookings as sql
from storage.sqlite.statements import outbox
from storage.writes import Change, Erase, ForgetKeys, Place, Write


def place(connection: Raw, places: Sequence[Place]) -> list[Any | StorageError]:
    """All of them at once; if one has no place, one after the other."""
    try:
        return place_all(connection, places)
    except SlotTaken as refusal:
        if len(places) == 1:
            return [refusal]
        return [place(connection, [one])[0] for one in places]


def place_all(connection: Raw, places: Sequence[Place]) -> list[Any | StorageError]:
    """All of them or, with `SlotTaken`, none; those whose idempotency key is known are not new."""
    known = _known(connection, places)
    new = [one for one in places if one.booking.id not in known] if known else places
    bookings = json([one.booking for one in new])
    _unless_taken(connection, sql.PLACE, [bookings, *_told(new)])
    if keys := _kept(new):
        connection.execute(sql.KEEP_KEYS, [json(keys)])
    return [known.get(one.booking.id) for one in places]


def _kept(places: Sequence[Place]) -> list[KeptKey]:
    return [kept for one in places if (kept := one.kept)]


def _known(connection: Raw, places: Sequence[Place]) -> dict[str, Booking | KeyReused]:
    """Those whose idempotency key has placed a booking before."""
    keys = _kept(places)
    return read_placed(connection.execute(sql.KNOWN_KEYS, [json(keys)])) if keys else {}


def _change(connection: Raw, write: Change) -> None:
    parameters = [json([write.booking]), write.expected]
    if not _unless_taken(connection, sql.CHANGE, parameters).rowcount:
        raise stale(connection, sql.VERSION, write.booking.id)
    connection.execute(outbox.SUPERSEDE_OLD, [write.booking.id])
    event, messages = _told([write])
    connection.execute(sql.TELL, [event])
    connection.execute(outbox.OWE, [messages])


def _unless_taken(connection: Raw, statement: str, parameters: list[Any]) -> sqlite3.Cursor:
    try:
        return connection.execute(statement, parameters)
    except sqlite3.IntegrityError as error:
        if str(error) == "booking_no_overlap":
            raise SlotTaken from error
        raise


def _told(writes: Sequence[Place | Change]) -> tuple[str, str]:
    """The events and the messages of these writes."""
    messages = list(chain.from_iterable(write.messages for write in writes))
    return json([write.event for write in writes]), json(messages)


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
    Change: _change,
    ForgetKeys: _forget_keys,
    Erase: _erase,
}
