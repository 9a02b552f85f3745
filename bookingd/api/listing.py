"""The list of bookings over HTTP."""

from typing import Any

from aiohttp import web

from bookingd.api import cursor, present
from bookingd.api.conditions import unless_known
from bookingd.api.context import STORAGE, links_of
from bookingd.api.declare import about, answers, may_be_known, open_to, takes_query
from bookingd.api.schemas import responses
from bookingd.api.schemas.bookings import ListQuery
from storage.interface import BookingFilter
from storage.model import Scope


@about("bookings", "List bookings", "By page with totals, or by cursor at any depth.")
@takes_query(ListQuery())
@answers(200, responses.BookingList, "Those that fit, in order.", headers=("ETag",))
@may_be_known()
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def listing(request: web.Request) -> web.Response:
    """GET /api/bookings."""
    query = request["querystring"]
    which = selected(query)
    storage, sort, limit = request.app[STORAGE], query["sort"], query["limit"]
    if "cursor" in query:
        after = cursor.position(query["cursor"], sort)
        found = await storage.bookings(which, sort=sort, limit=limit + 1, after=after)
        pagination: dict[str, Any] = {"limit": limit}
    else:
        page = query.get("page", 1)
        found = await storage.bookings(which, sort=sort, limit=limit + 1, offset=(page - 1) * limit)
        total = await storage.count_bookings(which)
        pagination = {
            "page": page,
            "limit": limit,
            "total": total,
            "totalPages": -(-total // limit),
        }
    more = len(found) > limit
    pagination["nextCursor"] = cursor.after(found[limit - 1], sort) if more else None
    links = links_of(request)
    data = [present.booking(booking, links) for booking in found[:limit]]
    return unless_known(request, present.json({"data": data, "pagination": pagination}))


def selected(query: dict[str, Any]) -> BookingFilter:
    """Which bookings a query with the filters of the list asks for."""
    names = ("date_from", "date_to", "email", "q", "service_id", "resource_id", "updated_since")
    return BookingFilter(statuses=query.get("status"), **{name: query.get(name) for name in names})
