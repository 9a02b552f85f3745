"""The secret of mailed links: one for all daemons on a database, and for good."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Daemon

on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def opens(daemon: Daemon, placed: Any) -> bool:
    token = placed["manageUrl"].partition("#")[2]
    status = (await daemon.ask("GET", f"/api/manage/{token}", key=None)).status
    assert status in {200, 404}
    return status == 200


@on_postgres
async def test_a_link_of_one_daemon_opens_at_every_other(daemons: Daemons):
    one, other = await daemons.start(), await daemons.start()
    assert await opens(other, await one.book(booking(0)))
    assert await opens(one, await other.book(booking(1)))


@on_sqlite
async def test_a_link_works_after_a_restart(daemon: Daemon):
    placed = await daemon.book(booking())
    await daemon.stop()
    await daemon.start()
    assert await opens(daemon, placed)


@on_sqlite
async def test_with_another_secret_no_link_so_far_works(daemons: Daemons, tmp_path: Path):
    daemon = await daemons.start()
    placed = await daemon.book(booking(0))
    await daemon.stop()
    secret = tmp_path / "secret"
    secret.write_text("a secret that is none of this house\n")
    again = await daemons.start(BOOKINGD_LINK_SECRET_FILE=str(secret))
    assert not await opens(again, placed)
    assert await opens(again, await again.book(booking(1)))
    assert "a secret" not in again.err
