"""Records as they travel, and the ones that have versions."""

from storage.errors import NotFound, StaleVersion
from storage.model import Resource, Service, Webhook
from storage.postgres.connection import Connection
from storage.rows import as_json


async def save(
    connection: Connection, record: Service | Resource | Webhook, sql: str, known: str
) -> None:
    """A record that is new, or the next version. Raises `NotFound`, `StaleVersion`."""
    if not await connection.fetchval(sql, as_json(record)):
        raise await stale(connection, known, record.id)


async def stale(connection: Connection, known: str, record_id: str) -> StaleVersion | NotFound:
    """Why no row had the version that was asked for."""
    found = await connection.fetchval(known, record_id)
    return StaleVersion() if found else NotFound()
