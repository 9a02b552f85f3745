"""One connection: what is not HTTP, or too slow to be, gets the one error body and is cut."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from bookingd.api.errors import LATER, ApiError, Code, answer
from bookingd.api.headers import Headers, add_headers
from bookingd.logs import new_request_id, request_id

log = logging.getLogger(__name__)

IDLE = 75.0
"""Seconds that a connection without a request is kept; proxies keep theirs for 60."""

HEAD = 10.0
"""Seconds from the first byte of a request's head to its last."""

READING = 30.0
"""Seconds for which a client may leave unread what it asked for."""

LINGER = 1.0
"""Seconds that a client which still sends gets to read why it was refused."""

LONGEST_LINE = 8 * 1024
MOST_HEADERS = 100
"""Bytes of the request line or of a header, and how many headers there may be."""

VERSIONS = (HttpVersion11, HttpVersion10)
NOT_HTTP = "This is not a request in HTTP/1.1 or HTTP/1.0, or its head is too large."

_ERRORS = {
    HTTPStatus.REQUEST_TIMEOUT: ApiError(Code.REQUEST_TIMEOUT_CLIENT, hang_up=True),
    HTTPStatus.SERVICE_UNAVAILABLE: ApiError(
        Code.SERVICE_UNAVAILABLE, "There are too many connections.", headers=LATER, hang_up=True
    ),
    HTTPStatus.EXPECTATION_FAILED: ApiError(
        Code.VALIDATION_ERROR, "This expectation cannot be met.", hang_up=True
    ),
    HTTPStatus.BAD_REQUEST: ApiError(Code.VALIDATION_ERROR, NOT_HTTP, hang_up=True),
}
"""What is answered where there is no request that could be."""


class Connection(RequestHandler):
    """Speaks HTTP with one client."""

    __slots__ = ("_crowd", "_head_timer", "_headers", "_reading_timer", "heard")

    def __init__(
        self, manager: web.Server, loop: asyncio.AbstractEventLoop, crowd: "Crowd", headers: Headers
    ) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=IDLE,
            lingering_time=LINGER,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
            auto_decompress=False,
        )
        self._crowd = crowd
        self._headers = headers
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self.heard = loop.time()
        """When its client last sent something."""

    @property
    def waiting(self) -> bool:
        """Whether it waits for its client: between requests, for a head or for a body."""
        request = self._current_request
        return request is None or not request.content.is_eof()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._crowd.admit(self):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._crowd.leave(self)
        _cancel(self._head_timer)
        _cancel(self._reading_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            _cancel(self._head_timer)
            self._head_timer = None
            self._turn_away()
        elif self._current_request is None and self._head_timer is None:
            self._head_timer = self._loop.call_later(HEAD, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_timer = self._loop.call_later(READING, self.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._reading_timer)

    def abort(self) -> None:
        """Cut it, whatever is under way."""
        if self.transport is not None:
            self.transport.abort()

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
        error = _ERRORS.get(HTTPStatus(status))
        if error is None:
            log.error("unforeseen fault", exc_info=exc)
            error = ApiError(Code.INTERNAL_ERROR, hang_up=True)
        request_id.set(new_request_id())
        response = answer(error, request.headers.get("Accept", ""))
        add_headers(response, self._headers)
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPExpectationFailed):  # raised before any middleware
            resp = self.handle_error(request, resp.status)
        return await super().finish_response(request, resp, start_time)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """A body that breaks off while nobody reads it is its client's fault, and no news."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def _refuse(self, status: HTTPStatus) -> None:
        """Have `handle_error` answer in place of the request that did not come."""
        self._messages.append((_ErrInfo(status, ConnectionError(), ""), EMPTY_PAYLOAD))
        self._close = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _turn_away(self) -> None:
        """Of what aiohttp takes for a request, refuse what is none in HTTP/1.

        That is another version, a body in a coding that it would not undo (RFC 9112, section 6.1),
        and an expectation that is no token (RFC 9110, section 10.1.1).
        """
        for at, (message, _) in enumerate(self._messages):
            if isinstance(message, RawRequestMessage) and not _understood(message):
                error = _ErrInfo(HTTPStatus.BAD_REQUEST, ConnectionError(), "")
                self._messages[at] = (error, EMPTY_PAYLOAD)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _understood(message: RawRequestMessage) -> bool:
    if message.version not in VERSIONS or not message.headers.get("Expect", "").isascii():
        return False
    codings = message.headers.getall("Transfer-Encoding", ()) if message.chunked else ()
    return all(coding.lower() == "chunked" for coding in codings)


class Crowd:
    """The connections that are open, of which there may be so many."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._inside: set[Connection] = set()

    def admit(self, connection: Connection) -> bool:
        """Let one in; if need be, in the place of the one that has been silent for longest.

        So nobody keeps others out by connecting and saying nothing.
        """
        self._inside.add(connection)
        if len(self._inside) <= self._room:
            return True
        waiting = [one for one in self._inside if one.waiting and one is not connection]
        if not waiting:
            return False
        silent = min(waiting, key=lambda one: one.heard)
        self.leave(silent)
        silent.abort()
        return True

    def leave(self, connection: Connection) -> None:
        """Let one go."""
        self._inside.discard(connection)
