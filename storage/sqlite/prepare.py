"""What happens to a file before it is used."""

from storage.errors import BadAddress
from storage.migrate import HISTORY, Migration, outstanding
from storage.sqlite.connection import Raw
from storage.sqlite.files import DatabaseFile
from storage.sqlite.statements.bookings import PLACING
from storage.sqlite.statements.outbox import FREE_ALL


def prepare(connection: Raw, file: DatabaseFile, daemon: bool) -> None:
    """Bring the schema up to date with nobody else at work; a daemon also frees all leases.

    Raises `AlreadyRunning`, `BadAddress`, `NewerSchema`.
    """
    with file.turn():
        _check_ours(connection)
        connection.execute("PRAGMA journal_mode = WAL")  # for this SQLite waits for nobody
        connection.execute(HISTORY)
        version = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()[0]
        if steps := outstanding("storage.sqlite.migrations", version or 0):
            with file.alone():
                for step in steps:
                    _apply(connection, step)
        connection.executescript(PLACING)
        if daemon:
            connection.execute(FREE_ALL)


def _check_ours(connection: Raw) -> None:
    """Raises `BadAddress` for what another program keeps its data in."""
    sql = "SELECT max(name = 'schema_migrations') FROM sqlite_schema WHERE type = 'table'"
    if connection.execute(sql).fetchone()[0] == 0:
        raise BadAddress("the file is the database of another program")


def _apply(connection: Raw, step: Migration) -> None:
    """One transaction for the step and the note that it was done."""
    done = f"({step.version}, '{step.name}', CURRENT_TIMESTAMP)"
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {step.sql}; INSERT INTO schema_migrations VALUES {done}; COMMIT;"
        )
    except BaseException:
        connection.rollback()
        raise
