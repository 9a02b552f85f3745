"""What systemd is told (sd_notify(3)): ready, stopping, and that the event loop turns."""

import asyncio
import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Tell systemd, if it started us, for example `READY=1`."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address)


async def feed_watchdog() -> None:
    """Say, twice in each interval that systemd allows, that we still turn."""
    interval = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    while interval:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval / 2)
