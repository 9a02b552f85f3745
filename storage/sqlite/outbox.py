"""The outbox: claimed, settled, retried, superseded."""

from collections.abc import Callable
from typing import Any

from storage.errors import NotFound, NotRetryable
from storage.ids import first_id
from storage.model import Due, Message, MessageState
from storage.rows import read_due, text
from storage.sqlite.connection import Raw
from storage.sqlite.records import json
from storage.sqlite.statements import outbox as sql
from storage.writes import (
    IN_ORDER,
    Claim,
    ForgetMessages,
    Owe,
    Release,
    Retry,
    RetryDead,
    Settle,
    Supersede,
    Write,
)


def _claim(connection: Raw, write: Claim) -> list[Due]:
    now, soon = text(write.now), text(write.now + IN_ORDER)
    asked = {"owner": write.owner, "limit": write.limit, "now": now, "soon": soon}
    connection.execute(sql.MISS, asked)
    statement = sql.CLAIM_CALLS if write.calls else sql.CLAIM
    rows = connection.execute(statement, asked).fetchall()
    return sorted(
        map(read_due, rows), key=lambda due: (due.message.next_attempt_at, due.message.id)
    )


def _settle(connection: Raw, write: Settle) -> bool:
    message = write.message
    cursor = connection.execute(
        sql.SETTLE,
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
        connection.execute(sql.CONFIRMATION_SENT, [message.booking_id])
    elif message.reminds and message.expires_at:
        start = text(message.expires_at)
        connection.execute(sql.REMINDER_SENT, [message.booking_id, start])


def _release(connection: Raw, write: Release) -> int:
    statement = sql.RELEASE_CALLS if write.calls else sql.RELEASE
    return connection.execute(statement, [write.owner]).rowcount


def _retry(connection: Raw, write: Retry) -> None:
    asked = {"id": write.message_id, "now": text(write.now), "admin_email": write.admin_email}
    if not connection.execute(sql.RETRY, asked).rowcount:
        known = connection.execute(sql.KNOWN_MESSAGE, [write.message_id]).fetchone()
        raise NotRetryable if known else NotFound


def _retry_dead(connection: Raw, write: RetryDead) -> int:
    asked = {"now": text(write.now), "admin_email": write.admin_email}
    return connection.execute(sql.RETRY_DEAD, asked).rowcount


def _owe(connection: Raw, write: Owe) -> int:
    return connection.execute(sql.OWE_STILL, [json(write.messages)]).rowcount


def _supersede(connection: Raw, write: Supersede) -> int:
    ids = [[message_id] for message_id in write.message_ids]
    return max(connection.executemany(sql.SUPERSEDE, ids).rowcount, 0)


def _forget_messages(connection: Raw, write: ForgetMessages) -> int:
    asked = {
        "behind": first_id(write.before),
        "before": text(write.before),
        "limit": write.limit,
    }
    return connection.execute(sql.FORGET_MESSAGES, asked).rowcount


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    Claim: _claim,
    Settle: _settle,
    Release: _release,
    Retry: _retry,
    RetryDead: _retry_dead,
    Owe: _owe,
    Supersede: _supersede,
    ForgetMessages: _forget_messages,
}
