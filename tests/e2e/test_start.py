"""The first seconds of a daemon, and its last when they come early."""

import asyncio
import random
import signal
import socket

import pytest

from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons, by_command
from tests.e2e.daemon import faults

pytestmark = by_command


async def test_told_to_stop_at_any_moment_of_its_start_it_does_and_starts_again(
    daemons: Daemons,
):
    daemon = daemons.make()
    for number in range(8):
        await daemon.spawn()
        await asyncio.sleep(random.uniform(0, 0.15 * number))
        assert await daemon.stop() in {0, -signal.SIGTERM}
    assert faults(daemon.err) == []
    await daemon.start()
    await daemon.book(booking())
    assert await daemon.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_daemon_stops_at_once(daemons: Daemons, number: int):
    daemon = await daemons.start()
    daemon.tell(number)
    assert await daemon.ended() == 0
    assert faults(daemon.err) == []


async def test_a_port_in_use_is_told_in_words(daemons: Daemons):
    daemon = daemons.make()
    with socket.socket() as taken:
        # Earlier connections of the port may linger (RFC 9293, section 3.6.1), and are nobody's.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", daemon.port))
        taken.listen()
        await daemon.spawn()
        assert await daemon.ended() == 71  # EX_OSERR
    assert str(daemon.port) in daemon.err
    assert "address already in use" in daemon.err.casefold()
    assert f"cannot listen on 127.0.0.1, port {daemon.port}" in daemon.err
    assert "Traceback" not in daemon.err


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_database_that_cannot_be_made_is_told_in_words(daemons: Daemons):
    url = f"sqlite:///{daemons.home}/no/such/folder/bookingd.db"
    daemon = daemons.make(BOOKINGD_DATABASE_URL=url)
    await daemon.spawn()
    assert await daemon.ended() == 69  # EX_UNAVAILABLE
    assert "no/such/folder" in daemon.err
    assert "Traceback" not in daemon.err


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_two_daemons_start_at_once_on_an_empty_database(daemons: Daemons):
    both = [daemons.make(), daemons.make()]
    await asyncio.gather(*[daemon.start() for daemon in both])
    await both[0].book(booking())
    assert (await both[1].post(booking())).status == 409
