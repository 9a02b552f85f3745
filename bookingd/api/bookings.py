"""Bookings over HTTP."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bookingd import changes, intake
from bookingd.api import idempotency, present
from bookingd.api.conditions import check_version, unless_known
from bookingd.api.context import (
    CALLER,
    CATALOGUE,
    CLOCK,
    CONFIG,
    DESK,
    STORAGE,
    VACANCIES,
    links_of,
    moment,
)
from bookingd.api.declare import (
    Handler,
    about,
    answers,
    may_be_known,
    may_fail,
    open_to,
    takes_headers,
    takes_json,
)
from bookingd.api.errors import Code
from bookingd.api.refusals import CODES, REFUSED, refused
from bookingd.api.schemas import responses
from bookingd.api.schemas.bookings import EditedBooking, NewBooking, Step
from bookingd.availability.engine import caps
from bookingd.availability.wanted import Wanted
from bookingd.changes import Slot
from bookingd.holds import token_digest
from storage.errors import CapReached, HoldExpired, NotFound, SlotTaken, StaleVersion
from storage.model import Booking, BookingStatus, Hold, Scope
from storage.rows import microseconds
from storage.writes import Change, Place

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
    """POST /api/bookings."""

    @about("bookings", "Place a booking", "It is kept, and its mails are owed, when this answers.")
    @takes_json(schema)
    @takes_headers("Idempotency-Key")
    @answers(
        201,
        responses.Booking,
        "The booking.",
        headers=("Location", "ETag", "Idempotent-Replayed"),
        links=("bookingsRead", "bookingsEdit", "bookingsStep", "bookingsCancel"),
    )
    @may_fail(*CODES, Code.HOLD_EXPIRED, Code.IDEMPOTENCY_MISMATCH)
    @open_to(Scope.PUBLISHABLE, Scope.ADMIN)
    async def create(request: web.Request) -> web.Response:
        details = dict(request["json"])
        key, token = idempotency.key(request, details), details.pop("hold_token", None)
        hold = await _held(request, token)  # before the key: whoever was first spent both at once
        if key and (placed := await request.app[STORAGE].placed_with(key)):
            return _created(request, placed, replayed=True)
        if token and not hold:
            raise HoldExpired
        offer = await request.app[CATALOGUE].get()
        service, resources = offer.choose(*_named(details, hold))
        intake.check_new(service, details, request.app[CONFIG].required_fields)
        slot = _slot(details.pop("time_slot"))
        details = {**_UNGIVEN, **details}
        now = await moment(request)
        public = request[CALLER].scope is Scope.PUBLISHABLE

        def place(wanted: Wanted) -> Place:
            held_to = caps(wanted, microseconds(slot.start)) if public and not hold else ()
            resource = wanted.calendar.resource
            new = changes.place(details, slot, service, resource, now, key=key, caps=held_to)
            return replace(new, hold=hold.token_digest) if hold else new

        wants = request.app[VACANCIES].wanted(service, resources, slot.length, now.now)
        try:
            takers: Sequence[Wanted] = wants
            if not hold:  # whoever has one was held to the rules when it was made
                takers = await request.app[VACANCIES].takers(wants, slot.start, public=public)
            placed, replayed = await _placed(request, map(place, takers))
        except REFUSED as error:
            if key and (before := await request.app[STORAGE].placed_with(key)):
                return _created(request, before, replayed=True)  # it was its own, under way
            raise await refused(request, error, wants, slot) from error
        return _created(request, placed, replayed=replayed)

    return create


@about("bookings", "Read a booking")
@answers(200, responses.Booking, "The booking.", headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND)
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def read(request: web.Request) -> web.Response:
    """GET /api/bookings/{id}."""
    booking = await request.app[STORAGE].booking(request.match_info["id"])
    return unless_known(request, _one(request, booking))


@about(
    "bookings",
    "Edit or move a booking",
    "Whatever is left out stays. The customer is told of what changed.",
)
@takes_json(EditedBooking())
@takes_headers("If-Match")
@answers(200, responses.Booking, "The booking as it is now.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.SLOT_TAKEN, Code.INVALID_TRANSITION, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def edit(request: web.Request) -> web.Response:
    """PUT /api/bookings/{id}."""
    details = dict(request["json"])
    given = details.pop("time_slot", None)
    slot = _slot(given) if given else None
    offer, now = await request.app[CATALOGUE].get(), await moment(request)

    def change(booking: Booking) -> Change | None:
        service = offer.service(booking.service_id)
        usual = request.app[CONFIG].required_fields
        intake.check_edit(service, details, usual, booking.answers)
        resource = offer.resources[booking.resource_id]
        return changes.edit(booking, details, slot, service, now, resource=resource)

    return await _changed(request, change, slot)


@about("bookings", "Confirm, complete, cancel, or note that nobody came")
@takes_json(Step())
@takes_headers("If-Match")
@answers(200, responses.Booking, "The booking as it is now.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.INVALID_TRANSITION, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def step(request: web.Request) -> web.Response:
    """PATCH /api/bookings/{id}."""
    wanted = request["json"]
    return await _stepped(request, wanted["status"], wanted.get("reason"))


@about(
    "bookings",
    "Cancel a booking",
    "Frees its slot and tells the customer. Again, it answers the same, and no second mail leaves.",
)
@takes_headers("If-Match")
@answers(200, responses.Booking, "The booking as it is now.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.INVALID_TRANSITION, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/bookings/{id}; once cancelled, it answers the same again."""
    return await _stepped(request, BookingStatus.CANCELLED, None)


async def _held(request: web.Request, token: str | None) -> Hold | None:
    """The hold that a token is for, if there is one."""
    if token is None:
        return None
    with suppress(NotFound):
        return await request.app[STORAGE].hold(token_digest(token))
    return None


def _named(details: dict[str, Any], hold: Hold | None) -> tuple[str | None, str | None]:
    """Service and resource as they were named; whoever has a hold need not name them again."""
    service_id, resource_id = (details.pop(name, None) for name in ("service_id", "resource_id"))
    if hold is None:
        return service_id, resource_id
    return service_id or hold.service_id, resource_id or hold.resource_id


async def _placed(request: web.Request, places: Iterable[Place]) -> tuple[Booking, bool]:
    """The first that is not lost to another; whether its key has placed it before.

    Raises the last refusal.
    """
    lost: Exception = SlotTaken()
    for place in places:
        try:
            before = await request.app[DESK].ask(place)
        except (SlotTaken, CapReached) as error:
            lost = error
        else:
            return before or place.booking, before is not None
    raise lost


async def _stepped(request: web.Request, status: BookingStatus, reason: str | None) -> web.Response:
    offer, now = await request.app[CATALOGUE].get(), await moment(request)

    def change(booking: Booking) -> Change | None:
        service = offer.service(booking.service_id)
        return changes.step(booking, status, reason, service, now)

    return await _changed(request, change)


async def _changed(
    request: web.Request,
    change: Callable[[Booking], Change | None],
    slot: Slot | None = None,
) -> web.Response:
    """The booking after `change`, made on the version that If-Match names, or on the latest.

    Whoever names none never hears that somebody was faster: of all who try, one succeeds each
    time, and the time of the request is the bound.
    """
    while True:
        booking = await request.app[STORAGE].booking(request.match_info["id"])
        check_version(request, booking.version)
        write = change(booking)
        if write is None:
            return _one(request, booking)
        try:
            await request.app[DESK].ask(write)
        except StaleVersion:
            continue
        except SlotTaken as error:
            if slot is None:
                raise
            wants = await _elsewhen(request, booking, slot)
            raise await refused(request, error, wants, slot, leaving=booking) from error
        return _one(request, write.booking)


async def _elsewhen(request: web.Request, booking: Booking, slot: Slot) -> list[Wanted]:
    """Where else a booking could be moved to."""
    offer, now = await request.app[CATALOGUE].get(), request.app[CLOCK]()
    service, resource = offer.service(booking.service_id), offer.resources[booking.resource_id]
    return request.app[VACANCIES].wanted(service, [resource], slot.length, now)


def _slot(given: dict[str, Any]) -> Slot:
    return Slot(given["start_time"], given["duration"])


def _created(request: web.Request, booking: Booking, *, replayed: bool) -> web.Response:
    response = _one(request, booking)
    response.set_status(HTTPStatus.CREATED)
    response.headers["Location"] = f"/api/bookings/{booking.id}"
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _one(request: web.Request, booking: Booking) -> web.Response:
    seen = present.booking(booking, links_of(request))
    return present.json(seen, headers={"ETag": present.etag(booking)})
