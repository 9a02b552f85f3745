"""The database's file and the two locks beside it.

SQLite before 3.51.3 can corrupt a WAL database when two connections write or checkpoint at the
same moment. So a daemon holds `<file>.daemon` for as long as it runs, and everybody, the command
line included, takes `<file>.turn` for each transaction that writes.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import AlreadyRunning, Unavailable


class DatabaseFile:
    """The file under `path`, which has to stay the one that was opened."""

    def __init__(self, path: Path, *, shared: bool) -> None:
        self.path = path.resolve()
        self._daemon_path = self.path.with_name(path.name + ".daemon")
        self._daemon = None if shared else _locked(self._daemon_path)
        self._turn = _opened(self.path.with_name(path.name + ".turn"))
        self._inode: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The right to write, for one transaction. Raises `Unavailable` if the file went away."""
        with self._locked_turn():
            self._same()
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The certainty that no daemon works meanwhile. Raises `AlreadyRunning`."""
        if self._daemon is not None:
            yield
            return
        lock = _locked(self._daemon_path)
        try:
            yield
        finally:
            os.close(lock)

    def remember(self) -> None:
        """Take the file as it is now for the one to write to."""
        self._inode = self.path.stat().st_ino

    @contextmanager
    def last_turn(self) -> Iterator[None]:
        """The right to close the connection, which may write a checkpoint."""
        with self._locked_turn():
            yield

    @contextmanager
    def _locked_turn(self) -> Iterator[None]:
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _same(self) -> None:
        """SQLite would go on writing into a file that was removed, and nobody would find it."""
        if self._inode is None:
            return
        try:
            inode = self.path.stat().st_ino
        except OSError as error:
            raise Unavailable(f"the database file is gone: {error.strerror}") from error
        if inode != self._inode:
            raise Unavailable("the database file was replaced by another while in use")

    def close(self) -> None:
        """Let go of both locks."""
        os.close(self._turn)
        if self._daemon is not None:
            os.close(self._daemon)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"cannot open {path}: {error.strerror}") from error


def _locked(path: Path) -> int:
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunning(
            f"another bookingd already works on {path.with_suffix('')}; "
            "stop it first, or use PostgreSQL to run several"
        ) from error
    return descriptor
