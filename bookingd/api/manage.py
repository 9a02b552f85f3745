"""What customers do with their booking by the link that was mailed to them.

The link is the only key. `GET` changes nothing, for mail programs and scanners follow links.
"""

from aiohttp import web

from bookingd import changes
from bookingd.api import manage_schemas, present
from bookingd.api.context import CATALOGUE, CLOCK, CONFIG, DESK, LINKS, STORAGE, moment
from bookingd.api.declare import about, answers, may_fail, open_to, opened_by_link, takes_json
from bookingd.api.errors import Code
from bookingd.links import OLD, BadLink, check_link
from bookingd.policy import changeable, changeable_until, check_changeable
from storage.errors import NotFound, StaleVersion
from storage.model import Booking, BookingStatus, Resource, Service
from storage.writes import Change

CUSTOMER = "customer"
"""Who did it, in the history of a booking."""


@about(
    "manage",
    "Read a booking by its link",
    "What follows `#` in `manageUrl` is the token. It is good for one version of the booking, "
    "until the appointment is over; afterwards `404` says why it no longer is.",
)
@answers(200, manage_schemas.ManagedBooking, "The booking, and what its customer may do with it.")
@may_fail(Code.NOT_FOUND)
@opened_by_link
@open_to()
async def read(request: web.Request) -> web.Response:
    """GET /api/manage/{token}."""
    return await _told(request, await _linked(request))


@about(
    "manage",
    "Cancel a booking by its link",
    "Frees its slot and tells the customer. The answer has the link to what has been cancelled.",
)
@takes_json(manage_schemas.Cancellation())
@answers(200, manage_schemas.ManagedBooking, "The booking as it is now.")
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
    write = changes.step(booking, BookingStatus.CANCELLED, reason, service, now)
    return await _changed(request, booking, write)


async def _linked(request: web.Request) -> Booking:
    """The booking that the token in the path is for. Raises `BadLink`."""
    booking_id, version = request.app[LINKS].named(request.match_info["token"])
    try:
        booking = await request.app[STORAGE].booking(booking_id)
    except NotFound as error:
        raise BadLink("The booking is no longer known.") from error
    check_link(booking, version, request.app[CLOCK]())
    return booking


async def _changed(request: web.Request, booking: Booking, write: Change | None) -> web.Response:
    """The booking after `write`. Raises `BadLink` if somebody else was faster."""
    if write is None:
        return await _told(request, booking)
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
