"""The SQL of services and resources."""

from storage.model import Resource, Service
from storage.postgres.statements.records import save_version

SAVE_SERVICE = save_version("services", Service)

SAVE_RESOURCE = save_version("resources", Resource)

KNOWN_SERVICE = "SELECT 1 FROM services WHERE id = $1"

KNOWN_RESOURCE = "SELECT 1 FROM resources WHERE id = $1"
