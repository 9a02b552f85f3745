"""The SQL of services and resources."""

from storage.model import Resource, Service
from storage.sqlite.statements.records import save_version

SAVE_SERVICE = save_version("services", Service)

SAVE_RESOURCE = save_version("resources", Resource)

KNOWN_SERVICE = "SELECT 1 FROM services WHERE id = ?"

KNOWN_RESOURCE = "SELECT 1 FROM resources WHERE id = ?"
