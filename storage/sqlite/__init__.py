"""SQLite: one file, one daemon, one connection that writes."""

from storage.sqlite.storage import SqliteStorage

__all__ = ["SqliteStorage"]
