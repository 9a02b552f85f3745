"""Services and resources."""

from collections.abc import Awaitable, Callable
from typing import Any

from storage.postgres.connection import Connection
from storage.postgres.records import save
from storage.postgres.statements import catalogue as sql
from storage.writes import SaveResource, SaveService, Write


async def _save_service(connection: Connection, write: SaveService) -> None:
    await save(connection, write.service, sql.SAVE_SERVICE, sql.KNOWN_SERVICE)


async def _save_resource(connection: Connection, write: SaveResource) -> None:
    await save(connection, write.resource, sql.SAVE_RESOURCE, sql.KNOWN_RESOURCE)


CARRY_OUT: dict[type[Write[Any]], Callable[[Connection, Any], Awaitable[Any]]] = {
    SaveService: _save_service,
    SaveResource: _save_resource,
}
