"""API keys, and secrets of the installation's own."""

from collections.abc import Callable
from typing import Any

from storage.rows import text
from storage.sqlite.connection import Raw
from storage.sqlite.records import lists
from storage.sqlite.statements import keys as sql
from storage.writes import KeepSecret, NoteUse, SaveKey, Write


def _save_key(connection: Raw, write: SaveKey) -> None:
    connection.execute(sql.SAVE_KEY, [lists([write.key])])


def _note_use(connection: Raw, write: NoteUse) -> None:
    uses = [{"id": key_id, "at": text(at)} for key_id, at in write.used.items()]
    connection.executemany(sql.NOTE_USE, uses)


def _keep_secret(connection: Raw, write: KeepSecret) -> str:
    connection.execute(sql.KEEP, [write.name, write.secret])
    kept: str = connection.execute(sql.KEPT, [write.name]).fetchone()["secret"]
    return kept


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    SaveKey: _save_key,
    NoteUse: _note_use,
    KeepSecret: _keep_secret,
}
