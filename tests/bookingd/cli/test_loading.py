"""What the command line loads, and what it leaves to whoever needs it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bookingd.cli.test_commands import ROOT

LATER = {
    "aiosmtplib", "apscheduler", "asyncpg", "babel", "bookingd.api.docs.openapi",
    "bookingd.cli.bookings", "bookingd.exposition", "email_validator", "holidays", "icalendar",
    "limits", "phonenumbers", "prometheus_client", "redis", "rich", "swagger_ui", "yaml",
}  # fmt: skip
"""What no start on SQLite waits for."""

COMMAND = """
import atexit, sys
from bookingd.cli import main
atexit.register(lambda: print("loaded:", *sys.modules))
main()
"""


def loaded_by(*arguments: str, **settings: str) -> set[str]:
    """The modules that a command loads until it ends."""
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(ended.stdout.rpartition("loaded:")[2].split())


def test_a_start_waits_for_nothing_that_it_does_not_need(tmp_path: Path):
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/b.db"
    loaded = loaded_by("serve", BOOKINGD_ENV="production", BOOKINGD_DATABASE_URL=nowhere)
    assert {"bookingd.app", "storage.sqlite"} <= loaded
    assert LATER & loaded == set()


def test_a_command_loads_no_other():
    loaded = loaded_by("keys", "--help")
    commands = {name for name in loaded if name.startswith("bookingd.cli.")}
    assert commands == {"bookingd.cli.keys", "bookingd.cli.terminal"}
    assert "bookingd.app" not in loaded
