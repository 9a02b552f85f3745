"""Records travel as a JSON array of lists, each of which has the columns in their order.

One statement for many rows takes and gives back Python's lock once, not once for each row.
"""

from collections.abc import Collection

from storage.erasure import ERASED
from storage.rows import columns


def column(record: type, name: str) -> str:
    """One column of a record that is a list."""
    return f"value ->> '$[{columns(record).index(name)}]'"


def insert(table: str, record: type, records: str = "?") -> str:
    """New rows."""
    names = columns(record)
    values = ", ".join(column(record, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM json_each({records})"


def save(table: str, record: type, *, new: str = "true", kept: Collection[str] = ()) -> str:
    """A record if it is `new`, else changed in all columns but those `kept`."""
    names = [name for name in columns(record) if name != "id" and name not in kept]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"{insert(table, record)} WHERE {new} ON CONFLICT (id) DO UPDATE SET {changes}"


def save_version(table: str, record: type) -> str:
    """A new record at version 1, else the one after the version that is kept."""
    known = f"{column(record, 'id')} IN (SELECT id FROM {table})"
    saved = save(table, record, new=f"{column(record, 'version')} = 1 OR {known}")
    return f"{saved} WHERE {table}.version = excluded.version - 1"


def each(form: str, names: Collection[str] = tuple(ERASED)) -> str:
    """The `form` for each of `names`."""
    return ", ".join(form.format(name) for name in names)
