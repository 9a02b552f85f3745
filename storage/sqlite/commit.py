"""Writes made true: many in one transaction, because one fsync can serve them all."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, cast

from storage.errors import (
    CapReached,
    HoldExpired,
    KeyReused,
    NotFound,
    NotRetryable,
    SlotTaken,
    StaleVersion,
    StorageError,
    TooManyHolds,
    Unavailable,
)
from storage.sqlite import bookings, catalogue, holds, keys, outbox, webhooks
from storage.sqlite.connection import Raw, translated
from storage.sqlite.files import DatabaseFile
from storage.writes import Erase, Place, Settle, Write, alike


def commit(
    connection: Raw, file: DatabaseFile, writes: Sequence[Write[Any]]
) -> list[Any | StorageError]:
    """Carry out `writes` in the connection's own thread.

    Whatever a write foresees is decided by its first statement, before it has written anything.
    So only the unforeseen breaks a transaction, and then each write is tried again on its own.
    """
    try:
        return _together(connection, file, writes)
    except Unavailable as error:
        return [error] * len(writes)
    except StorageError as error:
        if len(writes) == 1:
            return [error]
    return [commit(connection, file, [write])[0] for write in writes]


def _together(
    connection: Raw, file: DatabaseFile, writes: Sequence[Write[Any]]
) -> list[Any | StorageError]:
    with file.turn(), translated():
        if all(_decided_by_its_slot(write) for write in writes):
            with suppress(SlotTaken):
                return bookings.place_all(connection, cast("Sequence[Place]", writes))
        with _transaction(connection):
            outcomes = _in_order(connection, writes)
        if any(isinstance(write, Erase) for write in writes):
            _empty_the_log(connection)
        return outcomes


def _decided_by_its_slot(write: Write[Any]) -> bool:
    return isinstance(write, Place) and not (write.key or write.hold or write.caps)


@contextmanager
def _transaction(connection: Raw) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _empty_the_log(connection: Raw) -> None:
    """What was erased stands in the write-ahead log until that is written anew.

    Readers are waited for as long as BUSY; who reads longer leaves it to a later checkpoint.
    """
    with suppress(sqlite3.OperationalError):  # the writes themselves have succeeded
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _in_order(connection: Raw, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
    outcomes: list[Any | StorageError] = []
    for kind, group in groupby(writes, alike):
        if kind is Place:
            outcomes += bookings.place(connection, cast("list[Place]", list(group)))
        elif kind is Settle:
            outcomes += outbox.settle_all(connection, cast("list[Settle]", list(group)))
        else:
            outcomes += [_outcome(connection, write) for write in group]
    return outcomes


def _outcome(connection: Raw, write: Write[Any]) -> Any | StorageError:
    try:
        return _CARRY_OUT[type(write)](connection, write)
    except _REFUSALS as refusal:
        return refusal


_REFUSALS = (
    SlotTaken,
    CapReached,
    HoldExpired,
    KeyReused,
    TooManyHolds,
    NotFound,
    NotRetryable,
    StaleVersion,
)
"""What a write says when it has changed nothing."""

_CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    kind: carry_out
    for noun in (bookings, holds, outbox, catalogue, webhooks, keys)
    for kind, carry_out in noun.CARRY_OUT.items()
}
