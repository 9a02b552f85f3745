"""The listening socket."""

import asyncio
import resource
import sys
from contextlib import suppress

from aiohttp import web

from bookingd.api.context import HEADERS
from bookingd.connection import Connection, Crowd

BACKLOG = 1024

MOST_CONNECTIONS = 1000

SPARE_FILES = 200
"""What database, logs and mails need beside the connections."""


class Listener(web.BaseSite):
    """Listens on one address for one application."""

    __slots__ = ("_address", "_headers")

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._address = (host, port)
        self._headers = runner.app[HEADERS]

    @property
    def name(self) -> str:
        """Where it listens."""
        return "http://{}:{}".format(*self._address)

    async def start(self) -> None:
        """Begin to listen. Raises `OSError`."""
        await super().start()
        loop = asyncio.get_running_loop()
        manager = self._runner.server
        if manager is None:
            raise RuntimeError("the runner is not set up")
        host, port = self._address
        crowd = Crowd(_room())
        try:
            self._server = await loop.create_server(
                lambda: Connection(manager, loop, crowd, self._headers),
                host,
                port,
                backlog=self._backlog,
            )
        except OSError as error:
            raise OSError(f"cannot listen on {host}, port {port}: {error.strerror}") from error


def _room() -> int:
    """How many connections there may be: fewer where the system gives fewer open files."""
    wanted = MOST_CONNECTIONS + SPARE_FILES
    given = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (sys.maxsize if one == resource.RLIM_INFINITY else one for one in given)
    if soft < wanted:
        with suppress(OSError):  # a sandbox may not let it
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), given[1]))
            soft = min(wanted, hard)
    return min(MOST_CONNECTIONS, max(1, soft - SPARE_FILES))
