"""What customers do with their booking by the link that was mailed to them.

The link is the only key. `GET` changes nothing, for mail programs and scanners follow links.
"""

from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from bookingd import changes
from bookingd.api import present
from bookingd.api.conditions import unless_known
from bookingd.api.context import CATALOGUE, CLOCK, CONFIG, DESK, LINKS, STORAGE, VACANCIES, moment
from bookingd.api.declare import (
    about,
    answers,
    may_be_known,
    may_fail,
    open_to,
    opened_by_link,
    takes_json,
    takes_query,
)
from bookingd.api.errors import Code
from bookingd.api.refusals import CODES, REFUSED, refused
from bookingd.api.schemas import manage as schemas
from bookingd.api.schemas.slots import Days, Slots
from bookingd.api.slots import listed
from bookingd.availability.engine import caps, check
from bookingd.availability.wanted import Wanted
from bookingd.changes import Slot
from bookingd.links import OLD, BadLink, check_link
from bookingd.policy import InvalidTransition, changeable, changeable_until, check_changeable
from storage.errors import NotFound, StaleVersion
from storage.model import Booking, Resource, Service
from storage.rows import microseconds
from storage.writes import Change

CUSTOMER = "customer"
"""Who did it, in the history of a booking."""


@about(
    "manage",
    "Read a booking by its link",
    "What follows `#` in `manageUrl` is the token. It is good for one version of the booking, "
    "until the appointment is over; afterwards `404` says why it no longer is.",
)
@answers(200, schemas.ManagedBooking, "The booking, and what its customer may do with it.")
@may_fail(Code.NOT_FOUND)
@opened_by_link
@open_to()
async def read(request: web.Request) -> web.Response:
    """GET /api/manage/{token}."""
    return await _told(request, await _linked(request))


@about(
    "manage",
    "List slots to move to",
    "Those of `GET /api/slots` for its service, resource and length, as if the booking itself were "
    "not there.",
)
@takes_query(Days())
@answers(200, Slots, "The slots of each day.", headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND, Code.TOO_SOON, Code.INVALID_TRANSITION)
@opened_by_link
@open_to()
async def slots(request: web.Request) -> web.Response:
    """GET /api/manage/{token}/slots."""
    booking = await _linked(request)
    wanted = await _wanted(request, booking, Slot.taken_by(booking))
    return unless_known(request, await listed(request, [wanted], leaving=booking))


@about(
    "manage",
    "Move a booking by its link",
    "Held to all rules of a new booking. A service that `needsConfirmation` has it `PENDING` "
    "again. The answer has the new link.",
)
@takes_json(schemas.Move())
@answers(200, schemas.ManagedBooking, "The booking as it is now.")
@may_fail(Code.NOT_FOUND, Code.INVALID_TRANSITION, *CODES)
@opened_by_link
@open_to()
async def move(request: web.Request) -> web.Response:
    """POST /api/manage/{token}/move."""
    booking, given = await _linked(request), request["json"]["time_slot"]
    slot = Slot(given["start_time"], given["duration"])
    wanted = await _wanted(request, booking, slot)
    now, start = await moment(request, CUSTOMER), microseconds(slot.start)
    resource, capped = wanted.calendar.resource, caps(wanted, start)
    if slot == Slot.taken_by(booking):
        return await _told(request, booking)
    try:
        check(wanted, start)
        write = changes.move(booking, slot, wanted.service, now, resource=resource, caps=capped)
        return await _changed(request, write)
    except REFUSED as error:
        raise await refused(request, error, [wanted], slot, leaving=booking) from error


@about(
    "manage",
    "Cancel a booking by its link",
    "Frees its slot and tells the customer. The answer has the link to what has been cancelled.",
)
@takes_json(schemas.Cancellation())
@answers(200, schemas.ManagedBooking, "The booking as it is now.")
@may_fail(Code.NOT_FOUND, Code.TOO_SOON, Code.INVALID_TRANSITION)
@opened_by_link
@open_to()
async def cancel(request: web.Request) -> web.Response:
    """POST /api/manage/{token}/cancel."""
    booking = await _linked(request)
    offer, now = await request.app[CATALOGUE].get(), await moment(request, CUSTOMER)
    service = offer.service(booking.service_id)
    check_changeable(booking, service, now.now)
    reason = request["json"].get("reason")
    return await _changed(request, changes.cancel(booking, reason, service, now))


async def _linked(request: web.Request) -> Booking:
    """The booking that the token in the path is for. Raises `BadLink`."""
    booking_id, version = request.app[LINKS].named(request.match_info["token"])
    try:
        booking = await request.app[STORAGE].booking(booking_id)
    except NotFound as error:
        raise BadLink("The booking is no longer known.") from error
    check_link(booking, version, request.app[CLOCK]())
    return booking


async def _wanted(request: web.Request, booking: Booking, slot: Slot) -> Wanted:
    """What its customer wants who moves it. Raises `InvalidTransition`, `TooLate`."""
    app = request.app
    offer, now = await app[CATALOGUE].get(), app[CLOCK]()
    service, resource = offer.service(booking.service_id), offer.resources[booking.resource_id]
    check_changeable(booking, service, now)
    if not _bookable(service, resource):
        raise InvalidTransition("This is no longer offered; the booking can be cancelled.")
    [wanted] = app[VACANCIES].wanted(service, [resource], slot.length, now)
    return _keeping(wanted, booking)


def _keeping(wanted: Wanted, booking: Booking) -> Wanted:
    """The service in the length, too, that the booking has: a service may have given it up.

    It keeps the steps that it has without.
    """
    service, minutes = wanted.service, Slot.taken_by(booking).length // timedelta(minutes=1)
    if not service.durations or minutes in service.durations:
        return wanted
    durations = (*service.durations, minutes)
    return replace(wanted, service=replace(service, durations=durations, slot_step=wanted.step))


async def _changed(request: web.Request, write: Change) -> web.Response:
    """The booking after `write`. Raises `BadLink` if somebody else was faster."""
    try:
        await request.app[DESK].ask(write)
    except StaleVersion as error:
        raise BadLink(OLD) from error
    return await _told(request, write.booking)


async def _told(request: web.Request, booking: Booking) -> web.Response:
    """The booking as its customer may see it, and what the customer may do with it now."""
    app = request.app
    offer = await app[CATALOGUE].get()
    service, resource = offer.service(booking.service_id), offer.resources[booking.resource_id]
    may_change = changeable(booking, service, app[CLOCK]())
    told = {
        "booking": present.booking(booking),
        "service": present.service(service, whole=False),
        "resource": present.resource(resource, whole=False),
        "timeZone": booking.time_zone or app[CONFIG].time_zone,
        "changeableUntil": changeable_until(booking, service),
        "mayMove": may_change and _bookable(service, resource),
        "mayCancel": may_change,
        "manageUrl": app[LINKS].to(booking),
    }
    return present.json(told)


def _bookable(service: Service, resource: Resource) -> bool:
    """Whether new bookings of the service with the resource are taken, and so moves."""
    archived = service.archived_at or resource.archived_at
    return archived is None and resource.offers(service)
