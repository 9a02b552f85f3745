"""API keys."""

from collections.abc import Callable
from typing import Any

from storage.rows import text
from storage.sqlite.connection import Raw
from storage.sqlite.records import json
from storage.sqlite.statements import keys as sql
from storage.writes import NoteUse, SaveKey, Write


def _save_key(connection: Raw, write: SaveKey) -> None:
    connection.execute(sql.SAVE_KEY, [json([write.key])])


def _note_use(connection: Raw, write: NoteUse) -> None:
    uses = [{"id": key_id, "at": text(at)} for key_id, at in write.used.items()]
    connection.executemany(sql.NOTE_USE, uses)


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    SaveKey: _save_key,
    NoteUse: _note_use,
}
