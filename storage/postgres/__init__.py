"""PostgreSQL: one database, any number of daemons."""

from storage.postgres.storage import PostgresStorage

__all__ = ["PostgresStorage"]
