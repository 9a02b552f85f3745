"""The listening socket, and answers to what is not HTTP."""

import asyncio
import logging

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bookingd.api.errors import ApiError, Code, answer
from bookingd.logs import new_request_id, request_id

log = logging.getLogger(__name__)

IDLE = 75.0
"""Seconds that a connection without a request is kept."""

LINGER = 1.0
"""Seconds that a client which still sends gets to read why it was refused."""

BACKLOG = 1024


class Connection(RequestHandler):
    """A connection on which even a broken request line gets the one error body."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never came to be a request, or failed outside of the application."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has already begun")
        if status == Code.INTERNAL_ERROR.status:
            log.error("unforeseen fault", exc_info=exc)
            error = ApiError(Code.INTERNAL_ERROR)
        else:
            error = ApiError(Code.VALIDATION_ERROR, "This is not a request in HTTP.")
        request_id.set(new_request_id())
        response = answer(error, request.headers.get("Accept", ""))
        response.headers["Server"] = "bookingd"
        response.headers["X-Request-Id"] = request_id.get() or ""
        response.force_close()
        return response


class Listener(web.BaseSite):
    """Listens on one address for one application."""

    __slots__ = ("_address",)

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._address = (host, port)

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
        self._server = await loop.create_server(
            lambda: Connection(manager, loop=loop, keepalive_timeout=IDLE, lingering_time=LINGER),
            host,
            port,
            backlog=self._backlog,
        )
