"""Services and resources."""

from collections.abc import Callable
from typing import Any

from storage.sqlite.connection import Raw
from storage.sqlite.records import save
from storage.sqlite.statements import catalogue as sql
from storage.writes import SaveResource, SaveService, Write


def _save_service(connection: Raw, write: SaveService) -> None:
    save(connection, write.service, sql.SAVE_SERVICE, sql.KNOWN_SERVICE)


def _save_resource(connection: Raw, write: SaveResource) -> None:
    save(connection, write.resource, sql.SAVE_RESOURCE, sql.KNOWN_RESOURCE)


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    SaveService: _save_service,
    SaveResource: _save_resource,
}
