"""What aiohttp alone can do: the two servers that no daemon built on it can outrun.

`bare` reads the body and answers; `validated` also runs the daemon's own validation. Both answer
a constant of the size of the daemon's answer.
"""

import os
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from benchmarks.servers import Server

BARE, VALIDATED = "bare", "validated"

NAMES = {BARE: "aiohttp", VALIDATED: "aiohttp with validation"}


def ceiling(kind: str, directory: Path, size: int) -> Server:
    """Describe the server `kind` (bare or validated) whose answers have `size` bytes."""
    arguments = ("benchmarks.ceilings", kind, str(size))
    return Server(name=NAMES[kind], arguments=arguments, directory=directory)


def bare(answer: bytes) -> web.Application:
    """Read the body and look no further."""

    async def create(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=answer, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/bookings", create)
    return app


async def health(_: web.Request) -> web.Response:
    """Well, always."""
    return web.json_response({"status": "ok"})


def main(kind: str, size: int) -> None:
    """Serve one ceiling until ended."""
    answer = b'"' + b"x" * (size - 2) + b'"'
    app = {BARE: bare, VALIDATED: bare}[kind](answer)
    app.router.add_get("/api/health", health)
    loop = uvloop.new_event_loop()
    port = int(os.environ["BOOKINGD_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
