"""Records travel as JSON, whose keys are the columns' names."""

from collections.abc import Collection

from storage.rows import columns


def save(table: str, record: type, *, new: str = "true", kept: Collection[str] = ()) -> str:
    """A record if it is `new`, else changed in all columns but those `kept`."""
    names = [name for name in columns(record) if name != "id" and name not in kept]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return (
        f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, $1) AS saved "
        f"WHERE {new} ON CONFLICT (id) DO UPDATE SET {changes}"
    )


def save_version(table: str, record: type) -> str:
    """A new record at version 1, else the one after the version that is kept."""
    saved = save(table, record, new=f"version = 1 OR id IN (SELECT id FROM {table})")
    return f"{saved} WHERE {table}.version = excluded.version - 1 RETURNING id"
