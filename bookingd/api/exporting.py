"""Bookings as a file over HTTP, streamed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import hdrs, web

from bookingd import exporting
from bookingd.api.context import STORAGE, TIME_LIMIT
from bookingd.api.declare import about, answers, open_to, takes_query
from bookingd.api.listing import selected
from bookingd.api.schemas import responses
from bookingd.api.schemas.bookings import ExportQuery
from storage.model import Scope

PAGE_TIME = 30.0
"""Seconds that each page may take to be read, and taken by the client."""


@about(
    "bookings",
    "Export bookings",
    "All that fit, as one file, however many; a file of CSV begins with the mark of UTF-8. In the "
    "order of `createdAt` nothing that changes meanwhile is left out or comes twice. If it breaks "
    "off, so does the connection: the last chunk (RFC 9112, section 7.1) is missing.",
)
@takes_query(ExportQuery())
@answers(
    200,
    responses.BookingExport,
    "The file.",
    media=("application/json", "text/csv"),
    headers=("Content-Disposition",),
)
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def export(request: web.Request) -> web.StreamResponse:
    """GET /api/bookings/export."""
    query = request["querystring"]
    pieces = exporting.written(
        request.app[STORAGE], selected(query), query["sort"], query["format"]
    )
    async with aclosing(pieces):
        first, _ = await anext(pieces)  # what fails by now has an answer of its own
        response = _response(query["format"])
        await response.prepare(request)
        if request.method != hdrs.METH_HEAD:
            await _send(request, response, first, pieces)
    return response


def _response(format_: exporting.Format) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = exporting.media_type(format_)
    response.charset = "utf-8"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="bookings.{format_}"'
    return response


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    first: bytes,
    rest: AsyncIterator[tuple[bytes, int]],
) -> None:
    """All of it; whatever happens on the way cuts the connection, so that nobody takes it for all.

    A client that goes away ends it.
    """
    try:
        await response.write(first)
        async for piece, _ in rest:
            request[TIME_LIMIT].reschedule(asyncio.get_running_loop().time() + PAGE_TIME)
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:
        return
    except BaseException:
        if request.transport is not None:
            request.transport.abort()
        raise
