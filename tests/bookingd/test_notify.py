"""What systemd is told, over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookingd.notify import feed_watchdog, notify
from tests.deadlines import PATIENCE


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        monkeypatch.chdir(tmp_path)
        end.bind("notify")  # short: a socket's path has at most 107 bytes
        end.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", "notify")
        yield end


def test_systemd_is_told(systemd: socket.socket):
    notify("READY=1")
    notify("STOPPING=1")
    assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    name = f"bookingd-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0{name}")
        end.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert end.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, ""])
def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch, address: str | None):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


def test_a_socket_at_which_nobody_listens_is_no_matter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    # Whoever starts the daemon by hand out of another service inherits that service's variable.
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")


async def test_the_watchdog_is_fed(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    feeding = asyncio.create_task(feed_watchdog())
    fed = [await asyncio.to_thread(systemd.recv, 100) for _ in range(3)]
    feeding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feeding
    assert fed == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize("interval", [None, "0"])
async def test_without_a_watchdog_nobody_is_fed(
    monkeypatch: pytest.MonkeyPatch, interval: str | None
):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    if interval is not None:
        monkeypatch.setenv("WATCHDOG_USEC", interval)
    async with asyncio.timeout(PATIENCE):
        await feed_watchdog()
