"""What is kept: records, the contract of storage, and the databases behind it."""

from pathlib import Path

from storage.errors import StorageError
from storage.interface import Storage

SCHEMES = ("sqlite", "postgresql", "postgres")


async def open_storage(url: str, *, shared: bool = False, create: bool = True) -> Storage:
    """Open the database that `url` names and bring its schema up to date.

    `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`. `shared` is for the
    command line, which may look in while a daemon runs. Where nothing is yet it is made only to
    `create` it. Raises `AlreadyRunning`, `BadAddress`, `NewerSchema`, `NoDatabase`, `Unavailable`.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from storage.sqlite import SqliteStorage

        return await SqliteStorage.open(Path(rest.removeprefix("/")), shared=shared, create=create)
    if scheme in SCHEMES:
        from storage.postgres import PostgresStorage

        return await PostgresStorage.open(url, create=create)
    raise StorageError(f"the database URL starts with {scheme!r}, not with one of {SCHEMES}")
