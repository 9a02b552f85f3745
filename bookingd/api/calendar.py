"""The bookings as a calendar that calendar programs subscribe to."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b

from aiohttp import web

from bookingd import __version__
from bookingd.api.conditions import unless_known
from bookingd.api.context import CATALOGUE, CLOCK, CONFIG, KEYRING, STORAGE
from bookingd.api.declare import about, answers, may_be_known, may_fail, open_to
from bookingd.api.errors import Code
from bookingd.auth import Unauthorized
from bookingd.catalogue import Offer
from schedules.feed import Feed
from storage.errors import NotFound
from storage.interface import BookingFilter
from storage.model import Booking, Resource, Scope, Service
from storage.pages import pages

PAST = timedelta(days=30)
"""How far the calendar goes back."""

PAGE = 500


@about(
    "calendar",
    "Subscribe to the bookings",
    "iCalendar (RFC 5545): all that start in the last 30 days or later, cancelled ones too, with "
    "`STATUS:CANCELLED`. Calendar programs send no header, so the key is a part of the address: "
    "one of the scope `calendar`, which opens nothing else.",
)
@answers(200, None, "The calendar.", media=("text/calendar",), headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND)
@open_to()
async def feed(request: web.Request) -> web.Response:
    """GET /api/calendar/{key}.ics."""
    await _check(request, request.match_info["key"])
    since = request.app[CLOCK]() - PAST
    found = pages(request.app[STORAGE], BookingFilter(date_from=since), size=PAGE)
    bookings = [booking async for page in found for booking in page]
    offer = await request.app[CATALOGUE].get()
    domain = request.app[CONFIG].mail_from.rpartition("@")[2]
    response = web.Response(content_type="text/calendar", charset="utf-8")
    response.headers["ETag"] = _tag(bookings, offer, domain)
    response.headers["Content-Disposition"] = 'inline; filename="bookings.ics"'
    response.headers["Cache-Control"] = "private, no-cache"  # keep it, and ask whether it is news
    answer = unless_known(request, response)
    if answer is response:
        calendar = Feed(domain, offer.services, offer.resources)
        response.body = await asyncio.to_thread(calendar.of, bookings)
    return answer


async def _check(request: web.Request, key: str) -> None:
    """Raises `NotFound`: with another key there is nothing here. Raises `Unavailable`."""
    try:
        caller = await request.app[KEYRING].holder(key)
    except Unauthorized as error:
        raise NotFound from error
    if caller.scope is not Scope.CALENDAR:
        raise NotFound


def _tag(bookings: Iterable[Booking], offer: Offer, domain: str) -> str:
    """Of all that the calendar is made of, without making it."""
    digest = blake2b(f"{__version__} {domain}".encode(), digest_size=16)
    records: list[Iterable[Booking | Service | Resource]] = [
        bookings,
        offer.services.values(),
        offer.resources.values(),
    ]
    for kind in records:
        for record in kind:
            digest.update(f" {record.id} {record.version}".encode())
    return f'"{digest.hexdigest()}"'
