"""Servers under measurement, each a process of its own on a free loopback port."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where the packages are that the servers import."""

START_PATIENCE = 30.0
STOP_PATIENCE = 20.0
"""Seconds until a server that does not start, or stop, is given up."""


class ServerFailedError(Exception):
    """A server did not start, did not stop, or ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to start a server: a Python module with arguments, settings, and a directory to be in."""

    name: str
    arguments: tuple[str, ...]
    directory: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, port: int) -> dict[str, str]:
        """Drop the caller's own settings; keep bytecode, as an installed package does."""
        foreign = ("BOOKINGD_", "PYTHON")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(self.directory / "bytecode"),
            "BOOKINGD_HOST": "127.0.0.1",
            "BOOKINGD_PORT": str(port),
            **self.settings,
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers; `seconds` is how long it took from its start to its first 200."""

    pid: int
    port: int
    key: str
    seconds: float


def daemon(name: str, directory: Path, database_url: str, smtp_port: int) -> Server:
    """Describe the real daemon, as in production but without a rate limit."""
    settings = {
        "BOOKINGD_ENV": "production",
        "BOOKINGD_DATABASE_URL": database_url,
        "BOOKINGD_ADMIN_KEY": secrets.token_urlsafe(24),
        "BOOKINGD_PUBLIC_KEY": secrets.token_urlsafe(24),
        "BOOKINGD_RATE_LIMIT": "off",
        "BOOKINGD_SMTP_HOST": "127.0.0.1",
        "BOOKINGD_SMTP_PORT": str(smtp_port),
        "BOOKINGD_SMTP_TLS": "none",
        "BOOKINGD_MAIL_FROM": "bookings@example.com",
        "BOOKINGD_ADMIN_EMAIL": "owner@example.com",
    }
    return Server(
        name=name, arguments=("bookingd", "serve"), directory=directory, settings=settings
    )


@contextmanager
def running(server: Server) -> Iterator[Running]:
    """Start a server, wait for its first 200 of `/api/health`, and stop it in the end."""
    port = free_port()
    log = server.directory / f"{server.name.replace(' ', '-')}.log"
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *server.arguments],
            cwd=server.directory,
            env=server.environment(port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            seconds = wait_until_healthy(process, port, started, log)
            key = server.settings.get("BOOKINGD_ADMIN_KEY", "")
            yield Running(process.pid, port, key, seconds)
            if process.poll() is not None:
                raise ServerFailedError(tail(log))
        finally:
            stop(process)


def wait_until_healthy(
    process: "subprocess.Popen[bytes]", port: int, started: float, log: Path
) -> float:
    """Ask until the server answers 200; the seconds since `started`."""
    while True:
        if healthy(port):
            return time.perf_counter() - started
        if process.poll() is not None or time.perf_counter() - started > START_PATIENCE:
            raise ServerFailedError(tail(log))
        time.sleep(0.002)


def healthy(port: int) -> bool:
    """Whether the server at `port` says that it is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_PATIENCE)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server gently; one that does not end has failed."""
    process.terminate()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise ServerFailedError(f"still there {STOP_PATIENCE:.0f} s after SIGTERM") from error


def free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tail(log: Path) -> str:
    """Read the last lines that a server wrote."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
