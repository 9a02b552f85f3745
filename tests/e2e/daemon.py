"""The real daemon, started by its own command, seen only from outside."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.deadlines import PATIENCE
from tests.e2e.launch import Launch, Process, command

ROOT = Path(__file__).parents[2]
ADMIN_KEY = "e2e-admin-key-for-tests-only"
PUBLIC_KEY = "e2e-public-key-for-tests-only"
FAULTS = (aiohttp.ClientError, OSError, TimeoutError)
"""What a client meets when nobody answers."""

START = 60.0
END = 60.0
"""Seconds that a daemon may take on the slowest of machines; it mostly takes less than one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The error code, in the one error body."""
        assert self.body["statusCode"] == self.status
        assert {"message", "timestamp", "requestId", "errors", "type"} <= self.body.keys()
        return str(self.body["errorCode"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Daemon:
    """One bookingd that works in `home`, and a client with the admin key."""

    def __init__(
        self,
        home: Path,
        variables: Mapping[str, str],
        name: str = "daemon",
        launch: Launch = command,
    ) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._out, self._err = home / f"{name}.out", home / f"{name}.err"
        self._environment = environment({**variables, "BOOKINGD_PORT": str(self.port)})
        self.launch = launch
        self._process: Process | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def most_memory(self) -> int:
        """Bytes that it has had in memory at once at the most."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        [most] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(most.split()[1]) * 1024

    @property
    def taken(self) -> int:
        """How many connections it has. One that still waits to be taken has no inode yet."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        here, established = f"0100007F:{self.port:04X}", "01"
        return sum([one[1], one[3]] == [here, established] and one[9] != "0" for one in lines)

    @property
    def out(self) -> str:
        """All that was written to standard output, by every run."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """All that was written to standard error, by every run."""
        return self._err.read_text()

    async def start(self) -> "Daemon":
        """Run, and wait until it is well."""
        await self.spawn()
        await self.well()
        return self

    async def spawn(self) -> None:
        """Run, and wait for nothing."""
        self._process = await self.launch(
            self.home, self._environment, self._out, self._err, ["serve"]
        )

    async def well(self) -> None:
        async def healthy() -> bool:
            assert self.running, f"ended with {await self.ended()}:\n{self.err}"
            with suppress(*FAULTS):
                return (await self.get("/api/health")).status == 200
            return False

        await eventually(healthy, within=START, every=0.02)

    def tell(self, number: int = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, within: float = END) -> int:
        """The exit code, once there is one; negative for a signal."""
        assert self._process is not None
        async with asyncio.timeout(within):
            return await self._process.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end, and answer its exit code."""
        self.tell(number)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self.running:
            self.tell(signal.SIGKILL)
            await self.ended()

    async def close(self) -> None:
        """Leave nothing running."""
        await self.kill()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the client's connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                self.url,
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=35),
            )
        return self._http

    async def ask(
        self, method: str, path: str, json: Any = None, key: str | None = ADMIN_KEY, **options: Any
    ) -> Answer:
        headers = options.pop("headers", {})
        if key is not None:
            headers = {"Authorization": f"Bearer {key}", **headers}
        async with self.http.request(method, path, json=json, headers=headers, **options) as found:
            return Answer(found.status, found.headers, await found.json(content_type=None))

    async def get(self, path: str, **query: str | int) -> Answer:
        return await self.ask("GET", path, params=query)

    async def post(self, booking: Mapping[str, Any], key: str | None = PUBLIC_KEY) -> Answer:
        return await self.ask("POST", "/api/bookings", booking, key)

    async def book(self, booking: Mapping[str, Any]) -> dict[str, Any]:
        """Post a booking that has to succeed."""
        found = await self.post(booking)
        assert found.status == 201, found
        return dict(found.body)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def refuses(self) -> bool:
        """Whether it takes no new connection."""
        try:
            async with self.connection():
                return False
        except (ConnectionRefusedError, ConnectionResetError):
            return True

    async def run(self, *arguments: str, **variables: str) -> Ended:
        """Another command of bookingd beside the daemon, in the same environment."""
        return await run(self.home, {**self._environment, **variables}, *arguments)


async def run(home: Path, environment: Mapping[str, str], *arguments: str) -> Ended:
    """Run bookingd to its end."""
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bookingd", *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What a process needs, and of bookingd's variables only those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOOKINGD_")}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def free_port() -> int:
    """A port of which the system gives none away to clients meanwhile."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


async def eventually(
    true: Callable[[], Awaitable[bool]] | Callable[[], bool],
    within: float = PATIENCE,
    every: float = 0.05,
) -> float:
    """Wait until it is true; answer how long that took."""
    begun = time.monotonic()
    while True:
        found = true()
        if await found if isinstance(found, Awaitable) else found:
            return time.monotonic() - begun
        assert time.monotonic() - begun < within, f"not within {within} s"
        await asyncio.sleep(every)


def faults(text: str) -> list[str]:
    """What a log in JSON calls an error."""
    return [line["message"] for line in log_lines(text) if line["level"] == "ERROR"]


def log_lines(text: str) -> list[dict[str, Any]]:
    """A log in JSON, line by line; every line has to be one."""
    return [json.loads(line) for line in text.splitlines()]
