"""Webhooks, and the calls that they are owed."""

from collections.abc import Callable
from typing import Any

from storage.errors import NotFound
from storage.model import Message
from storage.rows import read, text
from storage.sqlite.connection import Raw
from storage.sqlite.records import lists, save, stale
from storage.sqlite.statements import webhooks as sql
from storage.writes import DeleteWebhook, OweCall, Replay, SaveWebhook, Write


def _save_webhook(connection: Raw, write: SaveWebhook) -> None:
    webhook = write.webhook
    save(connection, webhook, sql.SAVE_WEBHOOK, sql.KNOWN_WEBHOOK)
    if not webhook.active:
        connection.execute(sql.SUPERSEDE_CALLS, [webhook.id])


def _delete_webhook(connection: Raw, write: DeleteWebhook) -> None:
    asked = [write.webhook_id, write.expected]
    if not connection.execute(sql.DELETE_WEBHOOK, asked).rowcount:
        raise stale(connection, sql.KNOWN_WEBHOOK, write.webhook_id)
    connection.execute(sql.SUPERSEDE_ALL_CALLS, [write.webhook_id])


def _owe_call(connection: Raw, write: OweCall) -> None:
    if not connection.execute(sql.OWE_CALL, [lists([write.message])]).rowcount:
        raise NotFound


def _replay(connection: Raw, write: Replay) -> Message:
    asked = {"id": write.message_id, "webhook": write.webhook_id, "now": text(write.now)}
    rows = connection.execute(sql.REPLAY, asked).fetchall()
    if not rows:
        raise NotFound
    return read(Message, rows[0])


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    SaveWebhook: _save_webhook,
    DeleteWebhook: _delete_webhook,
    OweCall: _owe_call,
    Replay: _replay,
}
