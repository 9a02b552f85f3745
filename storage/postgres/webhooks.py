"""Webhooks, and the calls that they are owed."""

from collections.abc import Awaitable, Callable
from typing import Any

from storage.errors import NotFound
from storage.ids import is_id
from storage.model import Message
from storage.postgres.connection import Connection
from storage.postgres.records import save, stale
from storage.postgres.statements import webhooks as sql
from storage.rows import as_json, read
from storage.writes import DeleteWebhook, OweCall, Replay, SaveWebhook, Write


async def _save_webhook(connection: Connection, write: SaveWebhook) -> None:
    webhook = write.webhook
    await save(connection, webhook, sql.SAVE_WEBHOOK, sql.KNOWN_WEBHOOK)
    if not webhook.active:
        await connection.execute(sql.SUPERSEDE_CALLS, webhook.id)


async def _delete_webhook(connection: Connection, write: DeleteWebhook) -> None:
    if not await connection.fetchval(sql.DELETE_WEBHOOK, write.webhook_id, write.expected):
        raise await stale(connection, sql.KNOWN_WEBHOOK, write.webhook_id)
    await connection.execute(sql.SUPERSEDE_ALL_CALLS, write.webhook_id)


async def _owe_call(connection: Connection, write: OweCall) -> None:
    if not await connection.fetchval(sql.OWE_CALL, as_json(write.message)):
        raise NotFound


async def _replay(connection: Connection, write: Replay) -> Message:
    if not is_id(write.message_id):
        raise NotFound
    row = await connection.fetchrow(sql.REPLAY, write.message_id, write.webhook_id, write.now)
    if row is None:
        raise NotFound
    return read(Message, row)


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    SaveWebhook: _save_webhook,
    DeleteWebhook: _delete_webhook,
    OweCall: _owe_call,
    Replay: _replay,
}
