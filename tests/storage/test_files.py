import fcntl
import threading
from pathlib import Path

import pytest

from storage.sqlite.files import DatabaseFile


def test_one_that_leaves_early_does_not_end_the_turn_of_another(tmp_path: Path):
    path = tmp_path / "bookingd.db"
    path.touch()
    file = DatabaseFile(path, shared=True, create=True)
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        with file.turn():
            entered.set()
            leave.wait(10)

    def quick() -> None:
        with file.turn():
            pass

    writer, visitor = threading.Thread(target=slow), threading.Thread(target=quick)
    writer.start()
    entered.wait(10)
    visitor.start()
    visitor.join(0.2)
    try:
        with path.with_name("bookingd.db.turn").open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        leave.set()
        writer.join()
        visitor.join()
        file.close()
