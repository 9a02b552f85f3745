"""The outbox: claimed, settled, retried, superseded."""

from collections.abc import Callable, Sequence
from typing import Any

from storage.errors import NotFound, NotRetryable
from storage.ids import first_id
from storage.model import Due
from storage.rows import read_due, text
from storage.settling import as_record, ends, outcomes
from storage.sqlite.connection import Raw
from storage.sqlite.records import json, lists
from storage.sqlite.statements import outbox as sql
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


def _claim(connection: Raw, write: Claim) -> list[Due]:
    now, soon = text(write.now), text(write.now + IN_ORDER)
    asked = {"owner": write.owner, "limit": write.limit, "now": now, "soon": soon}
    asked["without"] = json(list(write.without))
    connection.execute(sql.MISS, asked)
    statement = sql.CLAIM_CALLS if write.calls else sql.CLAIM
    rows = connection.execute(statement, asked).fetchall()
    return sorted(
        map(read_due, rows), key=lambda due: (due.message.next_attempt_at, due.message.id)
    )


def settle_all(connection: Raw, settles: Sequence[Settle]) -> list[bool]:
    """All at once: between two statements the thread waits for Python's lock."""
    ended = ends(settles)
    records = list(map(as_record, ended.values()))
    rows = connection.execute(sql.SETTLE, [json(records)]).fetchall()
    settled = {row["id"] for row in rows}
    _mark(connection, [record for record in records if record["id"] in settled])
    return outcomes(settles, ended, settled)


def _mark(connection: Raw, settled: Sequence[dict[str, Any]]) -> None:
    """What arrived is noted at its booking."""
    for column, statement in sql.MARK.items():
        if records := [record for record in settled if record[column]]:
            connection.execute(statement, [json(records)])


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
    return connection.execute(sql.OWE_STILL, [lists(write.messages)]).rowcount


def _supersede(connection: Raw, write: Supersede) -> int:
    ids = [[message_id] for message_id in write.message_ids]
    return max(connection.executemany(sql.SUPERSEDE, ids).rowcount, 0)


def _redate(connection: Raw, write: Redate) -> int:
    asked = {"now": text(write.now), "ahead": first_id(write.now)}
    both = (sql.REDATE, sql.REMIND_AFTER_ALL)
    return sum(connection.execute(statement, asked).rowcount for statement in both)


def _forget_messages(connection: Raw, write: ForgetMessages) -> int:
    asked = {
        "behind": first_id(write.before),
        "before": text(write.before),
        "limit": write.limit,
    }
    return connection.execute(sql.FORGET_MESSAGES, asked).rowcount


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    Claim: _claim,
    Release: _release,
    Retry: _retry,
    RetryDead: _retry_dead,
    Owe: _owe,
    Supersede: _supersede,
    Redate: _redate,
    ForgetMessages: _forget_messages,
}
