"""API keys, and secrets of the installation's own."""

from collections.abc import Awaitable, Callable
from typing import Any

from storage.postgres.connection import Connection
from storage.postgres.statements import keys as sql
from storage.rows import as_json
from storage.writes import KeepSecret, NoteUse, SaveKey, Write


async def _save_key(connection: Connection, write: SaveKey) -> None:
    await connection.execute(sql.SAVE_KEY, as_json(write.key))


async def _note_use(connection: Connection, write: NoteUse) -> None:
    await connection.execute(sql.NOTE_USE, list(write.used), list(write.used.values()))


async def _keep_secret(connection: Connection, write: KeepSecret) -> str:
    await connection.execute(sql.KEEP, write.name, write.secret)
    return str(await connection.fetchval(sql.KEPT, write.name))


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    SaveKey: _save_key,
    NoteUse: _note_use,
    KeepSecret: _keep_secret,
}
