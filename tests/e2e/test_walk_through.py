"""docs/walk.md, as it stands there: its shell blocks, run by bash against the real daemon."""

import asyncio
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Daemons
from tests.e2e.daemon import START, Daemon, environment

PAGE = Path(__file__).parents[2] / "docs" / "walk.md"

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="the page is walked with curl")


def commands(daemon: Daemon) -> str:
    """All commands of the page, at the address of the daemon."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    return "".join(blocks).replace("http://127.0.0.1:8080", daemon.url)


def settle_in(home: Path, variables: dict[str, str]) -> None:
    """What somebody has who has said `make run`: the keys in .env, the command in .venv."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    (home / ".env").write_text("".join(lines))
    command = home / ".venv" / "bin" / "bookingd"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bookingd "$@"\n')
    command.chmod(0o755)


async def walk(home: Path, script: str) -> str:
    """What the walk has shown. It ends at the first command that fails."""
    walking = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=home,
        env=environment({}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(2 * START):
        out, err = await walking.communicate()
    assert walking.returncode == os.EX_OK, f"{out.decode()}\n{err.decode()}"
    return out.decode()


@needs_curl
async def test_the_page_is_walked_from_its_beginning_to_its_end(daemons: Daemons):
    daemon = await daemons.start()
    settle_in(daemon.home, daemons.variables)
    shown = await walk(daemon.home, commands(daemon))
    assert "nothing to look at" in shown
    assert '"offered": false' in shown
    lines = shown.splitlines()
    assert "SLOT_TAKEN" in lines
    assert "CANCELLED" in lines
    [booking] = (await daemon.get("/api/bookings")).body["data"]
    assert booking["status"] == "CANCELLED"
    history = (await daemon.get(f"/api/bookings/{booking['id']}/events")).body["data"]
    assert [event["kind"] for event in history] == ["placed", "changed", "cancelled"]
    assert [event["actor"] for event in history[1:]] == ["customer"] * 2
    assert "startTime" in history[1]["changes"]
