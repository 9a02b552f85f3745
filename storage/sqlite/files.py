"""The database's file and the two locks beside it.

SQLite before 3.51.3 can corrupt a WAL database when two connections write or checkpoint at the
same moment. So a daemon holds `<file>.daemon` for as long as it runs, and everybody, the command
line included, takes `<file>.turn` for each transaction that writes.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from storage.errors import AlreadyRunning, NoDatabase, Unavailable

PATIENCE = 2.0
"""Seconds to wait for the turn to write."""

PAUSE = 0.002


class DatabaseFile:
    """The file under `path`, which has to stay the one that was opened."""

    def __init__(self, path: Path, *, shared: bool, create: bool) -> None:
        self.path = path.resolve()
        if not create and not self.path.exists():
            raise NoDatabase(f"there is no database {self.path}")
        self._daemon_path = self.path.with_name(self.path.name + ".daemon")
        self._daemon = None if shared else _locked(self._daemon_path)
        os.close(_opened(self.path))  # made for nobody else to read, and SQLite keeps it so
        self._turn = _opened(self.path.with_name(self.path.name + ".turn"))
        self._taken = Lock()
        self._inode: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The right to write, for one transaction. Raises `Unavailable`.

        It may have to wait, and so is nothing for the event loop's thread.
        """
        self.take_turn()
        try:
            self.check()
            yield
        finally:
            self.give_turn()

    def take_turn(self) -> None:
        """Wait for the right to write. Raises `Unavailable` when somebody keeps it."""
        give_up = time.monotonic() + PATIENCE
        if not self._taken.acquire(timeout=PATIENCE):
            raise Unavailable("this process keeps the turn to write")
        while True:
            try:
                fcntl.flock(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > give_up:
                    self._taken.release()
                    raise Unavailable("another process keeps the turn to write") from error
                time.sleep(PAUSE)
            else:
                return

    def give_turn(self) -> None:
        """Let others write."""
        fcntl.flock(self._turn, fcntl.LOCK_UN)
        self._taken.release()

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

    def check(self) -> None:
        """Raises `Unavailable` if it is another file now, or none.

        SQLite would go on writing into the old one, where nobody would find it.
        """
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
