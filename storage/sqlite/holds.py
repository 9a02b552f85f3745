"""Holds: kept, extended, let go."""

from collections.abc import Callable
from typing import Any

from storage.errors import HoldExpired, TooManyHolds
from storage.model import Hold
from storage.rows import read, text
from storage.sqlite.connection import Raw
from storage.sqlite.records import lists
from storage.sqlite.seats import attempt, check, sweep, unless_taken
from storage.sqlite.statements import seats as sql
from storage.writes import Extend, Keep, LetGo, SweepHolds, Write


def _keep(connection: Raw, write: Keep) -> None:
    hold = write.hold

    def work() -> None:
        _check_address(connection, write)
        unless_taken(connection, sql.KEEP, [lists([hold])])
        check(connection, write.caps)

    attempt(connection, write.at, work)


def _check_address(connection: Raw, write: Keep) -> None:
    if write.at_most is None:
        return
    asked = [write.hold.address_digest, text(write.at)]
    [held] = connection.execute(sql.HELD, asked).fetchone()
    if held >= write.at_most:
        raise TooManyHolds


def _extend(connection: Raw, write: Extend) -> Hold:
    asked = {"hold": write.token_digest, "until": text(write.until), "now": text(write.now)}
    rows = connection.execute(sql.EXTEND, asked).fetchall()
    if not rows:
        raise HoldExpired
    return read(Hold, rows[0])


def _let_go(connection: Raw, write: LetGo) -> bool:
    return connection.execute(sql.LET_GO, [write.token_digest]).rowcount > 0


def _sweep_holds(connection: Raw, write: SweepHolds) -> int:
    return sweep(connection, write.now)


CARRY_OUT: dict[type[Write[Any]], Callable[[Raw, Any], Any]] = {
    Keep: _keep,
    Extend: _extend,
    LetGo: _let_go,
    SweepHolds: _sweep_holds,
}
