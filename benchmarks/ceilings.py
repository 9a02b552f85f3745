"""What aiohttp alone can do: the two servers that no daemon built on it can outrun.

`bare` reads the body and answers; `validated` also runs the daemon's own validation. Both answer
a constant of the size of the daemon's answer.
"""

import os
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from aiohttp_apispec import json_schema, setup_aiohttp_apispec, validation_middleware

from benchmarks.servers import Server
from bookingd.api.parser import StrictParser
from bookingd.api.schemas.bookings import NewBooking

BARE, VALIDATED = "bare", "validated"

REQUIRED = ("name", "email", "company")
"""What the daemon asks for by default."""

NAMES = {BARE: "aiohttp", VALIDATED: "aiohttp + validation"}


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


def validated(answer: bytes) -> web.Application:
    """Validate the body as the daemon does, with its schema and by its parser, and do no more."""

    async def create(_: web.Request) -> web.Response:
        return web.Response(status=201, body=answer, content_type="application/json")

    app = web.Application(middlewares=[validation_middleware])
    app.router.add_post("/api/bookings", json_schema(NewBooking(REQUIRED))(create))
    setup_aiohttp_apispec(app, url=None, in_place=True)
    app["_apispec_parser"] = StrictParser()
    return app


async def health(_: web.Request) -> web.Response:
    """Well, always."""
    return web.json_response({"status": "ok"})


def main(kind: str, size: int) -> None:
    """Serve one ceiling until ended."""
    answer = b'"' + b"x" * (size - 2) + b'"'
    app = {BARE: bare, VALIDATED: validated}[kind](answer)
    app.router.add_get("/api/health", health)
    loop = uvloop.new_event_loop()
    port = int(os.environ["BOOKINGD_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
