"""A wall clock that can be set while the daemon runs, by libfaketime."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

LIBRARY = "faketime/libfaketimeMT.so.1"


class NoFaketimeError(click.ClickException):
    """libfaketime is not installed."""


class Clock:
    """The daemons' wall clock; monotonic time, and everybody else's wall clock, stay real.

    A daemon sees within a second that it was set.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = timedelta()
        self.set(timedelta())

    def set(self, ahead: timedelta) -> None:
        """Let it be so far ahead of real time, from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead.total_seconds():+.0f}\n")
        new.replace(self._file)
        self.ahead = ahead

    def now(self) -> datetime:
        """What it shows."""
        return datetime.fromtimestamp(time.time(), UTC) + self.ahead

    @property
    def variables(self) -> dict[str, str]:
        """What makes a process go by it. Raises `NoFaketimeError`.

        With libfaketime's own guess at the fix, threads that wait for Python's lock spin.
        """
        found = next(Path("/usr/lib").glob(f"*/{LIBRARY}"), None)
        if found is None:
            raise NoFaketimeError("libfaketime is not there; on Debian: apt-get install faketime")
        return {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }
