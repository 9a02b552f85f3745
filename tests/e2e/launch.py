"""Two ways to run bookingd in a process of its own: by its command, and forked.

To start Python and load bookingd takes a processor most of a second, longer than what most tests
are about. For these it is forked from a process that has loaded it, and then does what its command
does. What is about the command, its start and its end, runs it (`by_command`).
"""

import asyncio
import multiprocessing
import os
import runpy
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Protocol

LOADED = (
    "babel.dates",
    "bookingd.app",
    "bookingd.cli.daemon",
    "bookingd.greeting",
    "bookingd.keys",
    "bookingd.logs",
    "email_validator",
    "icalendar",
    "schedules.channels.email",
    "schedules.intervals",
    "storage.postgres",
    "storage.sqlite",
    "uvloop",
)
"""What a daemon that has taken a booking and sent its mails has loaded."""

GLANCE = 0.005


class Process(Protocol):
    """One that was launched; as `asyncio.subprocess.Process`."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, number: int) -> None: ...
    async def wait(self) -> int: ...


Launch = Callable[[Path, Mapping[str, str], Path, Path, Sequence[str]], Awaitable[Process]]
"""Runs bookingd in a folder, with an environment; what it writes to standard output and standard
error is added to two files; last come its arguments."""


async def command(
    home: Path, environment: Mapping[str, str], out: Path, err: Path, arguments: Sequence[str]
) -> Process:
    with out.open("ab") as stdout, err.open("ab") as stderr:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bookingd", *arguments),
            cwd=home,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )


async def forked(
    home: Path, environment: Mapping[str, str], out: Path, err: Path, arguments: Sequence[str]
) -> Process:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *LOADED])
    process = context.Process(target=_run, args=(home, environment, out, err, arguments))
    process.start()
    return Forked(process)


class Forked:
    """A process that another one forked for us."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self._process = process

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        while (code := self.returncode) is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(GLANCE)
        return code


def _run(
    home: Path, environment: Mapping[str, str], out: Path, err: Path, arguments: Sequence[str]
) -> None:
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, out), (2, err)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["bookingd", *arguments]
    runpy.run_module("bookingd", run_name="__main__", alter_sys=True)
