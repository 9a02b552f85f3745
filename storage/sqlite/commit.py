"""Writes made true: many in one transaction, because one fsync can serve them all."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from typing import Any, cast

from storage.erasure import ERASED
from storage.errors import (
    KeyReused,
    NotFound,
    NotRetryable,
    SlotTaken,
    StaleVersion,
    StorageError,
    Unavailable,
)
from storage.ids import first_id
from storage.model import (
    Booking,
    Due,
    KeptKey,
    Message,
    MessageState,
    Resource,
    Service,
    Webhook,
)
from storage.rows import as_json, read, read_due, read_placed, text
from storage.sqlite import statements
from storage.sqlite.connection import Raw, translated
from storage.sqlite.files import DatabaseFile
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
        if all(isinstance(write, Place) and write.key is None for write in writes):
            with suppress(SlotTaken):
                return _place_all(connection, cast("Sequence[Place]", writes))
        with _transaction(connection):
            outcomes = _in_order(connection, writes)
        if any(isinstance(write, Erase) for write in writes):
            _empty_the_log(connection)
        return outcomes


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
    for kind, group in groupby(writes, type):
        if kind is Place:
            outcomes += _place(connection, cast("list[Place]", list(group)))
        else:
            outcomes += [_outcome(connection, write) for write in group]
    return outcomes


def _outcome(connection: Raw, write: Write[Any]) -> Any | StorageError:
    try:
        return _CARRY_OUT[type(write)](connection, write)
    except (SlotTaken, NotFound, NotRetryable, StaleVersion) as refusal:
        return refusal


def _place(connection: Raw, places: Sequence[Place]) -> list[Any | StorageError]:
    """All of them at once; if one has no place, one after the other."""
    try:
        return _place_all(connection, places)
    except SlotTaken as refusal:
        if len(places) == 1:
            return [refusal]
        return [_place(connection, [one])[0] for one in places]


def _place_all(connection: Raw, places: Sequence[Place]) -> list[Any | StorageError]:
    """All of them or, with `SlotTaken`, none; those whose idempotency key is known are not new."""
    known = _known(connection, places)
    new = [one for one in places if one.booking.id not in known] if known else places
    bookings = _json([one.booking for one in new])
    _unless_taken(connection, statements.PLACE, [bookings, *_told(new)])
    if keys := _kept(new):
        connection.execute(statements.KEEP_KEYS, [_json(keys)])
    return [known.get(one.booking.id) for one in places]


def _kept(places: Sequence[Place]) -> list[KeptKey]:
    return [kept for one in places if (kept := one.kept)]


def _known(connection: Raw, places: Sequence[Place]) -> dict[str, Booking | KeyReused]:
    """Those whose idempotency key has placed a booking before."""
    keys = _kept(places)
    return read_placed(connection.execute(statements.KNOWN_KEYS, [_json(keys)])) if keys else {}


def _change(connection: Raw, write: Change) -> None:
    parameters = [_json([write.booking]), write.expected]
    if not _unless_taken(connection, statements.CHANGE, parameters).rowcount:
        raise _stale(connection, statements.VERSION, write.booking.id)
    connection.execute(statements.SUPERSEDE_OLD, [write.booking.id])
    event, messages = _told([write])
    connection.execute(statements.TELL, [event])
    connection.execute(statements.OWE, [messages])


def _json(records: object) -> str:
    """The records as JSON. Raises `TypeError` for a NUL, at which SQLite would cut the text off."""
    text_ = as_json(records)
    if "\\u0000" in text_ and _NUL.search(text_):
        raise TypeError("text that holds NUL")
    return text_


def _unless_taken(connection: Raw, sql: str, parameters: list[Any]) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, parameters)
    except sqlite3.IntegrityError as error:
        if str(error) == "booking_no_overlap":
            raise SlotTaken from error
        raise


def _told(writes: Sequence[Place | Change]) -> tuple[str, str]:
    """The events and the messages of these writes."""
    messages = list(chain.from_iterable(write.messages for write in writes))
    return _json([write.event for write in writes]), _json(messages)


def _claim(connection: Raw, write: Claim) -> list[Due]:
    now, soon = text(write.now), text(write.now + IN_ORDER)
    asked = {"owner": write.owner, "limit": write.limit, "now": now, "soon": soon}
    connection.execute(statements.MISS, asked)
    sql = statements.CLAIM_CALLS if write.calls else statements.CLAIM
    rows = connection.execute(sql, asked).fetchall()
    return sorted(
        map(read_due, rows), key=lambda due: (due.message.next_attempt_at, due.message.id)
    )


def _settle(connection: Raw, write: Settle) -> bool:
    message = write.message
    cursor = connection.execute(
        statements.SETTLE,
        {
            "id": message.id,
            "owner": message.leased_by,
            "attempt": message.attempts,
            "state": write.state,
            "refund": write.refund,
            "next_attempt_at": write.next_attempt_at and text(write.next_attempt_at),
            "error": write.error,
            "sent_at": text(write.at) if write.state is MessageState.SENT else None,
        },
    )
    if cursor.rowcount and write.state is MessageState.SENT:
        _mark(connection, message)
    return bool(cursor.rowcount)


def _mark(connection: Raw, message: Message) -> None:
    if message.confirms:
        connection.execute(statements.CONFIRMATION_SENT, [message.booking_id])
    elif message.reminds and message.expires_at:
        start = text(message.expires_at)
        connection.execute(statements.REMINDER_SENT, [message.booking_id, start])


def _release(connection: Raw, write: Release) -> int:
    sql = statements.RELEASE_CALLS if write.calls else statements.RELEASE
    return connection.execute(sql, [write.owner]).rowcount


def _retry(connection: Raw, write: Retry) -> None:
    asked = {"id": write.message_id, "now": text(write.now), "admin_email": write.admin_email}
    if not connection.execute(statements.RETRY, asked).rowcount:
        known = connection.execute(statements.KNOWN_MESSAGE, [write.message_id]).fetchone()
        raise NotRetryable if known else NotFound


def _retry_dead(connection: Raw, write: RetryDead) -> int:
    asked = {"now": text(write.now), "admin_email": write.admin_email}
    return connection.execute(statements.RETRY_DEAD, asked).rowcount


def _owe(connection: Raw, write: Owe) -> int:
    return connection.execute(statements.OWE_STILL, [_json(write.messages)]).rowcount


def _supersede(connection: Raw, write: Supersede) -> int:
    ids = [[message_id] for message_id in write.message_ids]
    return max(connection.executemany(statements.SUPERSEDE, ids).rowcount, 0)


def _forget_keys(connection: Raw, write: ForgetKeys) -> int:
    return connection.execute(statements.FORGET_KEYS, [text(write.before)]).rowcount


def _forget_messages(connection: Raw, write: ForgetMessages) -> int:
    asked = {
        "behind": first_id(write.before),
        "before": text(write.before),
        "limit": write.limit,
    }
    return connection.execute(statements.FORGET_MESSAGES, asked).rowcount


def _erase(connection: Raw, write: Erase) -> int:
    at, ids = text(write.at), as_json(write.booking_ids)
    values = {**ERASED, "answers": as_json(ERASED["answers"]), "at": at}
    rows = connection.execute(statements.ERASE, values | {"ids": ids}).fetchall()
    values |= {"ids": as_json([row["id"] for row in rows]), "actor": write.actor}
    for statement in statements.ERASE_THE_REST:
        connection.execute(statement, values)
    return len(rows)


def _save_service(connection: Raw, write: SaveService) -> None:
    _save(connection, write.service, statements.SAVE_SERVICE, statements.KNOWN_SERVICE)


def _save_resource(connection: Raw, write: SaveResource) -> None:
    _save(connection, write.resource, statements.SAVE_RESOURCE, statements.KNOWN_RESOURCE)


def _save_webhook(connection: Raw, write: SaveWebhook) -> None:
    webhook = write.webhook
    _save(connection, webhook, statements.SAVE_WEBHOOK, statements.KNOWN_WEBHOOK)
    if not webhook.active:
        connection.execute(statements.SUPERSEDE_CALLS, [webhook.id])


def _delete_webhook(connection: Raw, write: DeleteWebhook) -> None:
    asked = [write.webhook_id, write.expected]
    if not connection.execute(statements.DELETE_WEBHOOK, asked).rowcount:
        raise _stale(connection, statements.KNOWN_WEBHOOK, write.webhook_id)
    connection.execute(statements.SUPERSEDE_ALL_CALLS, [write.webhook_id])


def _owe_call(connection: Raw, write: OweCall) -> None:
    if not connection.execute(statements.OWE_CALL, [_json([write.message])]).rowcount:
        raise NotFound


def _replay(connection: Raw, write: Replay) -> Message:
    asked = {"id": write.message_id, "webhook": write.webhook_id, "now": text(write.now)}
    rows = connection.execute(statements.REPLAY, asked).fetchall()
    if not rows:
        raise NotFound
    return read(Message, rows[0])


def _save(connection: Raw, record: Service | Resource | Webhook, save: str, known: str) -> None:
    if not connection.execute(save, [_json([record])]).rowcount:
        raise _stale(connection, known, record.id)


def _stale(connection: Raw, known: str, record_id: str) -> StaleVersion | NotFound:
    """Why no row had the version that was asked for."""
    found = connection.execute(known, [record_id]).fetchone()
    return StaleVersion() if found else NotFound()


def _save_key(connection: Raw, write: SaveKey) -> None:
    connection.execute(statements.SAVE_KEY, [_json([write.key])])


def _note_use(connection: Raw, write: NoteUse) -> None:
    uses = [{"id": key_id, "at": text(at)} for key_id, at in write.used.items()]
    connection.executemany(statements.NOTE_USE, uses)


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL in JSON, and not an escaped backslash before the letters u0000."""

_CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
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
