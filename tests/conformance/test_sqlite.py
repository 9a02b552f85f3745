"""SQLite is one file of one daemon, and somebody may hold it, move it or take it away."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from storage.errors import AlreadyRunning, BadAddress, StorageError, Unavailable
from storage.interface import BookingFilter, Storage
from storage.writes import Erase
from tests.conformance.conftest import Daemons
from tests.conftest import Doors
from tests.records import (
    DAY,
    HOUR,
    NOW,
    OTHER_ROOM,
    PREPARED,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
    answer,
    change,
    changed,
    done,
    place,
)

ALL = BookingFilter()


@pytest.fixture
def database(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


async def outcome(storage: Storage) -> object:
    """What comes of one booking."""
    return await answer(storage, place(a_booking()))


async def test_a_second_daemon_is_refused(storage: Storage, doors: Doors):
    with pytest.raises(AlreadyRunning):
        await doors.open()
    await done(storage, place(a_booking()))


async def test_a_second_daemon_in_another_process_is_refused(doors: Doors, daemons: Daemons):
    first = await doors.open()
    await done(first, *PREPARED)
    await doors.close(first)
    await daemons.after("place")
    with pytest.raises(AlreadyRunning):
        await doors.open()
    await daemons.kill()
    await doors.open()


async def test_a_file_is_one_file_by_whatever_name(
    storage: Storage, doors: Doors, path: Path, monkeypatch: pytest.MonkeyPatch
):
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(AlreadyRunning):
        await doors.open(f"sqlite:///{link}")
    monkeypatch.chdir(path.parent)
    with pytest.raises(AlreadyRunning):
        await doors.open(f"sqlite:///{path.name}")


async def test_one_beside_that_leaves_does_not_open_the_door_to_a_second(
    storage: Storage, doors: Doors
):
    await doors.close(await doors.beside())
    with pytest.raises(AlreadyRunning):
        await doors.open()


async def test_a_closed_file_can_be_opened_by_the_next(storage: Storage, doors: Doors):
    await doors.close(storage)
    await doors.open()


async def test_a_daemon_may_start_while_the_command_line_looks_in(doors: Doors):
    beside = await doors.beside()
    storage = await doors.open()
    await done(storage, *PREPARED, place(a_booking()))
    assert await beside.count_bookings(ALL) == 1


async def test_a_relative_url_is_a_file_here(
    doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    storage = await doors.open("sqlite:///here.db")
    assert (tmp_path / "here.db").exists()
    monkeypatch.chdir("/")
    await done(storage, *PREPARED, place(a_booking()))


async def test_a_strange_file_name_is_a_file_name(doors: Doors, tmp_path: Path):
    strange = tmp_path / "Büro & Söhne? 100% #1.db"
    storage = await doors.open(f"sqlite:///{strange}")
    await done(storage, *PREPARED, place(a_booking()))
    assert strange.exists()


async def test_a_folder_that_is_not_there_cannot_be_opened(doors: Doors, tmp_path: Path):
    with pytest.raises(StorageError):
        await doors.open(f"sqlite:///{tmp_path / 'nowhere' / 'bookingd.db'}")


async def test_a_file_that_is_no_database_is_refused_and_left_alone(doors: Doors, tmp_path: Path):
    letter = tmp_path / "letter.txt"
    text = "Dear all, " * 1000
    letter.write_text(text)
    with pytest.raises(StorageError):
        await doors.open(f"sqlite:///{letter}")
    assert letter.read_text() == text


async def test_the_database_of_another_program_is_refused_and_left_alone(
    doors: Doors, tmp_path: Path
):
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE users (id INTEGER)")
    content = file.read_bytes()
    with pytest.raises(BadAddress, match="another program"):
        await doors.open(f"sqlite:///{file}")
    assert file.read_bytes() == content


async def test_a_locked_file_is_unavailable_until_it_is_let_go(storage: Storage, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert isinstance(await outcome(storage), Unavailable)
        assert await storage.count_bookings(ALL) == 0
        other.execute("ROLLBACK")
    await done(storage, place(a_booking()))


async def test_health_of_a_locked_file_is_answered_while_it_is_locked(storage: Storage, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with suppress(Unavailable):
            await storage.health()


async def test_a_file_that_is_gone_can_be_let_go(storage: Storage, doors: Doors, path: Path):
    os.rename(path, path.with_name("moved.db"))
    with suppress(Unavailable):
        await doors.close(storage)
    assert await (await doors.open()).count_bookings(ALL) == 0


async def test_a_file_that_was_replaced_takes_no_booking(storage: Storage, path: Path):
    moved = path.with_name("moved.db")
    os.rename(path, moved)
    assert isinstance(await outcome(storage), Unavailable)
    shutil.copy(moved, path)
    assert isinstance(await outcome(storage), Unavailable)
    os.rename(moved, path)
    await done(storage, place(a_booking(start=START + HOUR)))


async def test_nothing_of_an_erased_customer_is_left_in_the_files(
    storage: Storage, doors: Doors, path: Path
):
    theirs = a_row_of_bookings(60, name="Canary Müller", email="canary@example.org")
    others = a_row_of_bookings(60, resource_id=OTHER_ROOM.id)
    for one, other in zip(theirs, others, strict=True):
        await done(storage, place(one, a_message(one)), place(other, a_message(other)))
        edited = changed(one, inquiry="canary " * 500)  # more than there is room for on a page
        await done(storage, change(edited, a_reminder(edited)))
    command_line = await doors.beside()
    erase = Erase([booking.id for booking in theirs], NOW + 365 * DAY, "operator")
    assert await done(command_line, erase) == [60]
    held = {file.name: file.read_bytes().lower() for file in path.parent.glob(f"{path.name}*")}
    assert f"{path.name}-wal" in held
    assert [name for name, content in held.items() if b"canary" in content] == []
    assert b"ada@example.org" in held[path.name]
