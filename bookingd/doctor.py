"""What somebody should look at in what is kept: bookings, what can be booked, mails."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bookingd.availability.engine import FIXED, first
from bookingd.availability.holiday import are_known
from bookingd.availability.wallclock import DAY
from bookingd.availability.wanted import QUARTER, Calendars
from bookingd.catalogue import Offer
from storage.interface import BookingFilter, Storage
from storage.model import LIVE, Booking, Outbox, Resource, Service
from storage.pages import pages
from storage.rows import microseconds

PAGE = 200
"""Bookings read at once."""

MONTH = 31
AHEAD = 13 * MONTH
"""A service that cannot begin within so many days, though nothing were booked, never can."""


class FindingCode(StrEnum):
    """What kind of finding, for programs; a code never changes."""

    RESOURCE_ALWAYS_OPEN = "RESOURCE_ALWAYS_OPEN"
    RESOURCE_WITHOUT_SERVICE = "RESOURCE_WITHOUT_SERVICE"
    ZONE_UNKNOWN = "ZONE_UNKNOWN"
    HOLIDAYS_UNKNOWN = "HOLIDAYS_UNKNOWN"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"
    SERVICE_NEVER_OPEN = "SERVICE_NEVER_OPEN"
    MAIL_OVERDUE = "MAIL_OVERDUE"
    MAIL_DEAD = "MAIL_DEAD"
    WALL_TIME_MOVED = "WALL_TIME_MOVED"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: what kind, the id of what it is about if any, and in words."""

    code: FindingCode
    about: str | None
    message: str


async def examine(
    storage: Storage, offer: Offer, house: str, now: datetime
) -> AsyncIterator[Finding]:
    """All that is found, with `house` as the zone of the house. Raises `Unavailable`."""
    for finding in (*_of_offer(offer, house, now), *_of_mail(await storage.outbox(now))):
        yield finding
    async for page in pages(storage, BookingFilter(statuses=LIVE, date_from=now), size=PAGE):
        for booking in page:
            if odd := moved(booking):
                yield odd


def moved(booking: Booking) -> Finding | None:
    """Whether clocks will show another time at the start than was agreed on (RFC 9557)."""
    if booking.wall_time is None:
        return None
    agreed, _, zone = booking.wall_time.removesuffix("]").partition("[")
    code = FindingCode.WALL_TIME_MOVED
    if not _known_zone(zone):
        why = f"was agreed on for {booking.wall_time}, in a zone that is not known any more"
        return Finding(code, booking.id, why)
    shown = f"{booking.start_time.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    if shown == f"{datetime.fromisoformat(agreed):%Y-%m-%d %H:%M}":
        return None
    why = f"was agreed on for {booking.wall_time}; the clocks there will show {shown}"
    return Finding(code, booking.id, why)


def _of_offer(offer: Offer, house: str, now: datetime) -> Iterator[Finding]:
    resources = [one for one in offer.resources.values() if one.archived_at is None]
    services = [one for one in offer.services.values() if one.archived_at is None]
    wrong = [finding for one in resources for finding in _broken(one)]
    yield from wrong
    for resource in resources:
        yield from _of_resource(resource, services)
    broken = {finding.about for finding in wrong}
    sound = [one for one in resources if one.id not in broken]
    for service in services:
        yield from _of_service(service, resources, sound, Calendars(house), now)


def _broken(resource: Resource) -> Iterator[Finding]:
    """What keeps its hours from being known."""
    if resource.time_zone and not _known_zone(resource.time_zone):
        why = f"{resource.name} lives in {resource.time_zone}, which is not known any more"
        yield Finding(FindingCode.ZONE_UNKNOWN, resource.id, why)
    if resource.holidays and not are_known(resource.holidays):
        why = f"{resource.name} closes on holidays of {resource.holidays}, which are not known"
        yield Finding(FindingCode.HOLIDAYS_UNKNOWN, resource.id, why)


def _of_resource(resource: Resource, services: list[Service]) -> Iterator[Finding]:
    if resource.hours is None:
        why = f"{resource.name} is open at all hours; see: bookingd resources hours --help"
        yield Finding(FindingCode.RESOURCE_ALWAYS_OPEN, resource.id, why)
    if not any(map(resource.offers, services)):
        why = f"{resource.name} offers nothing that can be booked"
        yield Finding(FindingCode.RESOURCE_WITHOUT_SERVICE, resource.id, why)


def _of_service(
    service: Service,
    resources: list[Resource],
    sound: list[Resource],
    calendars: Calendars,
    now: datetime,
) -> Iterator[Finding]:
    if not any(resource.offers(service) for resource in resources):
        why = f"nobody offers {service.name}"
        yield Finding(FindingCode.SERVICE_NOT_OFFERED, service.id, why)
        return
    able = [resource for resource in sound if resource.offers(service)]
    for minutes in service.durations or (service.slot_step or QUARTER,):
        length = timedelta(minutes=minutes)
        if able and not any(_begins(service, one, length, calendars, now) for one in able):
            why = f"{service.name} of {minutes} minutes never fits: hours, notice and horizon"
            yield Finding(FindingCode.SERVICE_NEVER_OPEN, service.id, why)


def _begins(
    service: Service, resource: Resource, length: timedelta, calendars: Calendars, now: datetime
) -> bool:
    """Whether it is offered at some time, though nothing were booked."""
    wanted = calendars.wanted(service, resource, length, now)
    start = microseconds(now)
    begins = (start + day * DAY for day in range(0, AHEAD, MONTH))
    return any(first(wanted, range(begin, begin + MONTH * DAY), 1, FIXED) for begin in begins)


def _of_mail(outbox: Outbox) -> Iterator[Finding]:
    if outbox.overdue:
        why = f"{outbox.overdue} mails or calls should have left; see: bookingd outbox list"
        yield Finding(FindingCode.MAIL_OVERDUE, None, why)
    if outbox.dead:
        why = f"{outbox.dead} could not be sent; see: bookingd outbox list --state dead"
        yield Finding(FindingCode.MAIL_DEAD, None, why)


def _known_zone(key: str) -> bool:
    try:
        ZoneInfo(key)
    except (ValueError, KeyError, OSError):
        return False
    return True
