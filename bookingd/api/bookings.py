"""Bookings over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bookingd import changes
from bookingd.api import cursor, present
from bookingd.api.conditions import check_version, unless_known
from bookingd.api.context import CATALOGUE, CONFIG, DESK, STORAGE, moment
from bookingd.api.declare import Handler, about, open_to, takes_json, takes_query
from bookingd.api.errors import ApiError, Code
from bookingd.api.schemas import EditedBooking, ListQuery, NewBooking, Step
from bookingd.availability import next_free
from bookingd.changes import Slot
from storage.errors import SlotTaken, StaleVersion
from storage.interface import BookingFilter
from storage.model import Booking, BookingStatus, Scope, Service
from storage.writes import Change

TRIES = 3
"""How often a change is made anew on the booking as somebody else has just left it."""

_UNGIVEN: dict[str, Any] = {
    "name": "",
    "email": "",
    "company": None,
    "phone": None,
    "inquiry": None,
    "answers": {},
    "time_zone": None,
    "locale": None,
}


def creating(schema: NewBooking) -> Handler:
    """POST /api/bookings, with the fields that this installation requires."""

    @about("bookings", "Place a booking")
    @takes_json(schema)
    @open_to(Scope.PUBLISHABLE, Scope.ADMIN)
    async def create(request: web.Request) -> web.Response:
        details = dict(request["json"])
        offer = await request.app[CATALOGUE].get()
        named = details.pop("service_id", None), details.pop("resource_id", None)
        service, resource = offer.choose(*named)
        slot = _slot(details.pop("time_slot"))
        place = changes.place({**_UNGIVEN, **details}, slot, service, resource, moment(request))
        try:
            await request.app[DESK].ask(place)
        except SlotTaken as error:
            raise await _taken(request, slot, service, resource.id) from error
        response = _one(place.booking)
        response.set_status(HTTPStatus.CREATED)
        response.headers["Location"] = f"/api/bookings/{place.booking.id}"
        return response

    return create


@about("bookings", "List bookings")
@takes_query(ListQuery())
@open_to(Scope.ADMIN)
async def listing(request: web.Request) -> web.Response:
    """GET /api/bookings."""
    query = request["querystring"]
    which = _filter(query)
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
    data = [present.booking(booking) for booking in found[:limit]]
    return unless_known(request, present.json({"data": data, "pagination": pagination}))


@about("bookings", "Read a booking")
@open_to(Scope.ADMIN)
async def read(request: web.Request) -> web.Response:
    """GET /api/bookings/{id}."""
    booking = await request.app[STORAGE].booking(request.match_info["id"])
    return unless_known(request, _one(booking))


@about("bookings", "Edit or move a booking")
@takes_json(EditedBooking())
@open_to(Scope.ADMIN)
async def edit(request: web.Request) -> web.Response:
    """PUT /api/bookings/{id}."""
    details = dict(request["json"])
    _keep_required(request, details)
    given = details.pop("time_slot", None)
    slot = _slot(given) if given else None
    offer = await request.app[CATALOGUE].get()

    def change(booking: Booking) -> Change | None:
        service = offer.service(booking.service_id)
        return changes.edit(booking, details, slot, service, moment(request))

    return await _changed(request, change, slot)


@about("bookings", "Confirm, complete, cancel, or note that nobody came")
@takes_json(Step())
@open_to(Scope.ADMIN)
async def step(request: web.Request) -> web.Response:
    """PATCH /api/bookings/{id}."""
    wanted = request["json"]
    return await _changed(
        request,
        lambda booking: changes.step(
            booking, wanted["status"], wanted.get("reason"), moment(request)
        ),
    )


@about("bookings", "Cancel a booking")
@open_to(Scope.ADMIN)
async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/bookings/{id}; once cancelled, it answers the same again."""
    return await _changed(
        request,
        lambda booking: changes.step(booking, BookingStatus.CANCELLED, None, moment(request)),
    )


async def _changed(
    request: web.Request,
    change: Callable[[Booking], Change | None],
    slot: Slot | None = None,
) -> web.Response:
    """The booking after `change`, made on the version that If-Match names, or on the latest."""
    for _ in range(TRIES):
        booking = await request.app[STORAGE].booking(request.match_info["id"])
        check_version(request, booking.version)
        write = change(booking)
        if write is None:
            return _one(booking)
        try:
            await request.app[DESK].ask(write)
        except StaleVersion:
            continue
        except SlotTaken as error:
            if slot is None:
                raise
            offer = await request.app[CATALOGUE].get()
            service = offer.service(booking.service_id)
            raise await _taken(request, slot, service, booking.resource_id, booking) from error
        return _one(write.booking)
    raise StaleVersion


def _keep_required(request: web.Request, details: dict[str, Any]) -> None:
    """What a booking must have cannot be taken from it. Raises `ApiError`."""
    required = request.app[CONFIG].required_fields
    emptied = [name for name in required if name in details and details[name] is None]
    if emptied:
        errors = dict.fromkeys(emptied, "May not be null.")
        raise ApiError(Code.VALIDATION_ERROR, errors=errors)


async def _taken(
    request: web.Request,
    slot: Slot,
    service: Service,
    resource_id: str,
    leaving: Booking | None = None,
) -> ApiError:
    """The refusal, with the next three starts at which it would not be one."""
    starts = await next_free(request.app[STORAGE], resource_id, service, slot, leaving)
    free = [
        {"startTime": start, "duration": slot.length // timedelta(minutes=1)} for start in starts
    ]
    return ApiError(Code.SLOT_TAKEN, more={"nextAvailable": free})


def _slot(given: dict[str, Any]) -> Slot:
    return Slot(given["start_time"], given["duration"])


def _filter(query: dict[str, Any]) -> BookingFilter:
    names = ("date_from", "date_to", "email", "q", "service_id", "resource_id", "updated_since")
    return BookingFilter(statuses=query.get("status"), **{name: query.get(name) for name in names})


def _one(booking: Booking) -> web.Response:
    return present.json(present.booking(booking), headers={"ETag": present.etag(booking)})
