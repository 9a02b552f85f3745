"""Numbered SQL files, `0001_words.sql`, applied in order; a newer database is refused."""

from dataclasses import dataclass
from importlib.resources import files

from storage.errors import NewerSchema

HISTORY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at TEXT NOT NULL
)
"""
"""Which migrations a database has seen, when; the same on both databases."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; never edited once released."""

    version: int
    name: str
    sql: str


def migrations(package: str) -> list[Migration]:
    """All migrations that lie in `package`, in order."""
    found = []
    for file in files(package).iterdir():
        number, _, rest = file.name.partition("_")
        if file.name.endswith(".sql"):
            found.append(Migration(int(number), rest.removesuffix(".sql"), file.read_text()))
    return sorted(found, key=lambda migration: migration.version)


def outstanding(package: str, version: int) -> list[Migration]:
    """Those that a database at `version` has yet to see. Raises `NewerSchema`."""
    known = migrations(package)
    newest = known[-1].version
    if version > newest:
        raise NewerSchema(
            f"the database has schema {version}, this bookingd knows schemas up to {newest}: "
            "install the newer bookingd, or restore a backup from before the upgrade"
        )
    return [migration for migration in known if migration.version > version]
