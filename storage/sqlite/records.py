"""Records as they travel, and the ones that have versions."""

import re
from collections.abc import Sequence

from storage.errors import NotFound, StaleVersion
from storage.model import Resource, Service, Webhook
from storage.rows import as_json, as_lists
from storage.sqlite.connection import Raw


def json(records: object) -> str:
    """The records as JSON. Raises `TypeError` for a NUL."""
    return _whole(as_json(records))


def lists(records: Sequence[object]) -> str:
    """The same as lists, as `statements.records.insert` wants them."""
    return _whole(as_lists(records))


def _whole(text: str) -> str:
    """Raises `TypeError` for a NUL, at which SQLite would cut it off."""
    if "\\u0000" in text and _NUL.search(text):
        raise TypeError("text that holds NUL")
    return text


def save(connection: Raw, record: Service | Resource | Webhook, sql: str, known: str) -> None:
    """A record that is new, or the next version. Raises `NotFound`, `StaleVersion`."""
    if not connection.execute(sql, [lists([record])]).rowcount:
        raise stale(connection, known, record.id)


def stale(connection: Raw, known: str, record_id: str) -> StaleVersion | NotFound:
    """Why no row had the version that was asked for."""
    found = connection.execute(known, [record_id]).fetchone()
    return StaleVersion() if found else NotFound()


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL in JSON, and not an escaped backslash before the letters u0000."""
