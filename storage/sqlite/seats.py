"""What a write that takes a seat has in common with others."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from storage.errors import CapReached, SlotTaken
from storage.model import Cap
from storage.rows import microseconds, text
from storage.sqlite.connection import Raw
from storage.sqlite.statements import seats as sql

Result = TypeVar("Result")


def unless_taken(connection: Raw, statement: str, parameters: Sequence[Any]) -> sqlite3.Cursor:
    """Execute what takes seats. Raises `SlotTaken`."""
    try:
        return connection.execute(statement, parameters)
    except sqlite3.IntegrityError as error:
        if str(error) == "booking_no_overlap":
            raise SlotTaken from error
        raise


def attempt(connection: Raw, now: datetime, work: Callable[[], Result]) -> Result:
    """All of `work` or nothing; once more if holds that have expired were in its way."""
    try:
        with _savepoint(connection):
            return work()
    except (SlotTaken, CapReached):
        if not sweep(connection, now):
            raise
    with _savepoint(connection):
        return work()


def sweep(connection: Raw, now: datetime) -> int:
    """Forget the holds that have expired. Answers how many."""
    return connection.execute(sql.SWEEP, [text(now)]).rowcount


def check(connection: Raw, caps: Sequence[Cap]) -> None:
    """Raises `CapReached` if more seats are taken than one of `caps` allows."""
    for cap in caps:
        asked = {
            "resource": cap.resource_id,
            "service": cap.service_id,
            "start": microseconds(cap.start),
            "end": microseconds(cap.end),
        }
        [taken] = connection.execute(sql.TAKEN, asked).fetchone()
        if taken > cap.limit:
            raise CapReached


@contextmanager
def _savepoint(connection: Raw) -> Iterator[None]:
    connection.execute("SAVEPOINT attempt")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO attempt")
        raise
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE attempt")
