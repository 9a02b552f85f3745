"""The systemd unit is sound, and the daemon does what the unit counts on."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bookingd.app import IN_FLIGHT
from schedules.dispatcher import FAREWELL

FOLDER = Path(__file__).parents[2] / "contrib" / "systemd"
UNIT = (FOLDER / "bookingd.service").read_text()
COMMAND = (FOLDER / "bookingd-command").read_text()

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze"
)


def settings(name: str) -> list[str]:
    """All values of a setting."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def setting(name: str) -> str:
    """The value of a setting that the unit makes once."""
    (value,) = settings(name)
    return value


@needs_systemd
def test_systemd_has_nothing_to_say(tmp_path):
    unit = tmp_path / "bookingd.service"
    unit.write_text(UNIT.replace("/opt/bookingd/bin/bookingd serve", "/bin/sh -c true"))
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_sandbox_stays_tight(tmp_path):
    """Exposure goes from 0 to 10; what is left is the network and the host's root directory."""
    done = analyze("security", "--offline=yes", "--threshold=15", FOLDER / "bookingd.service")
    assert done.returncode == 0, done.stdout


def test_the_command_runs_in_the_place_of_the_service():
    for name in (
        "DynamicUser",
        "User",
        "UMask",
        "StateDirectory",
        "StateDirectoryMode",
        "EnvironmentFile",
    ):
        assert f"--property={name}={setting(name)} " in COMMAND
    assert "BOOKINGD_ENV=production" in settings("Environment")
    assert "--setenv=BOOKINGD_ENV=production " in COMMAND
    assert "--property=WorkingDirectory=/var/lib/bookingd " in COMMAND
    assert setting("WorkingDirectory") == "%S/bookingd"
    assert setting("ExecStart").removesuffix(" serve") + ' "$@"' in COMMAND


def test_the_daemon_gets_the_time_to_stop_that_it_takes():
    assert float(setting("TimeoutStopSec").removesuffix("s")) > IN_FLIGHT + FAREWELL


def test_faulty_settings_are_not_tried_again(tmp_path):
    with daemon(tmp_path, BOOKINGD_PORT="eighty") as started:
        assert started.wait(20) == int(setting("RestartPreventExitStatus")) == os.EX_CONFIG


def test_the_daemon_tells_systemd_how_it_is(tmp_path):
    with manager(tmp_path) as told, daemon(tmp_path, WATCHDOG_USEC="200000") as started:
        until("READY=1", told)
        for _ in range(5):
            until("WATCHDOG=1", told)
        started.send_signal(getattr(signal, setting("KillSignal")))
        until("STOPPING=1", told)
        assert started.wait(20) == 0


def until(word: str, told: Callable[[], set[str]]) -> None:
    """Listen until the daemon says `word`; only the watchdog may be fed meanwhile."""
    while word not in (said := told()):
        assert said == {"WATCHDOG=1"}


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def manager(folder: Path) -> Iterator[Callable[[], set[str]]]:
    """The socket on which systemd listens; each call waits for the next thing the daemon says."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(folder / "notify"))
        told.settimeout(20)
        yield lambda: set(told.recv(4096).decode().split())


@contextmanager
def daemon(folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """`serve` as the unit starts it, in `folder`, on a port of its own, with no real mailer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = dict(pair.split("=") for pair in settings("Environment")) | {
        "PATH": os.environ["PATH"],
        "BOOKINGD_PORT": str(port),
        "BOOKINGD_ADMIN_KEY": "a-key-of-forty-characters-for-this-test-",
        "BOOKINGD_SMTP_HOST": "127.0.0.1",
        "BOOKINGD_SMTP_PORT": "9",
        "BOOKINGD_MAIL_FROM": "bookings@example.org",
        "NOTIFY_SOCKET": str(folder / "notify"),
    }
    started = subprocess.Popen(
        [sys.executable, "-m", "bookingd", "serve"], cwd=folder, env=environment | variables
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
