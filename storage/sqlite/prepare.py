"""What happens to a file before it is used."""

from storage.migrate import HISTORY, Migration, outstanding
from storage.sqlite.connection import Raw
from storage.sqlite.files import DatabaseFile
from storage.sqlite.statements.bookings import PLACING
from storage.sqlite.statements.outbox import FREE_ALL


def prepare(connection: Raw, file: DatabaseFile, daemon: bool) -> None:
    """Bring the schema up to date with nobody else at work; a daemon also frees all leases.

    Raises `AlreadyRunning`, `NewerSchema`.
    """
    with file.turn():
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
