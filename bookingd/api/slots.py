"""What can be booked, and why, over HTTP."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from bookingd.api import present
from bookingd.api.conditions import kept, unless_known
from bookingd.api.context import CATALOGUE, CLOCK, CONFIG, VACANCIES
from bookingd.api.days import by_day
from bookingd.api.declare import about, answers, may_be_known, open_to, takes_query
from bookingd.api.errors import ApiError, Code, code_of
from bookingd.api.schemas import slots as schemas
from bookingd.availability.engine import check, explain
from bookingd.availability.rules import RULES
from bookingd.availability.starts import every
from bookingd.availability.wallclock import DAY, MINUTE, clock, day_number
from bookingd.availability.wanted import Wanted
from bookingd.policy import WrongLength
from storage.model import Booking, Scope, Service
from storage.rows import microseconds

MOST_STARTS = 200_000
"""That one answer may look at: two months in steps of five minutes with eleven resources."""


@about(
    "slots",
    "List free slots",
    "Every start that a booking would be accepted for now, by the days of whoever looks.",
)
@takes_query(schemas.SlotsQuery())
@answers(200, schemas.Slots, "The slots of each day.", headers=("ETag",))
@may_be_known()
@open_to()
async def free(request: web.Request) -> web.Response:
    """GET /api/slots."""
    wants = await _wanted(request)
    _check_length(wants[0])
    return unless_known(request, kept(await listed(request, wants)))


async def listed(
    request: web.Request, wants: Sequence[Wanted], leaving: Booking | None = None
) -> web.Response:
    """The slots of the days that the query names, for a booking that is `leaving` its own.

    Many are made in a thread, where others need not wait for them.
    """
    query, app = request["querystring"], request.app
    viewer = clock(query.get("time_zone") or app[CONFIG].time_zone)
    days = range(day_number(query["from_"]), day_number(query["to"]) + 1)
    _check_few(wants, days)
    window = viewer.window(days)
    known = await app[VACANCIES].known(wants, window, leaving)
    body = {
        "data": await asyncio.to_thread(by_day, known, viewer, days),
        "serviceId": known[0].service.id,
        "duration": known[0].length // MINUTE,
        "timeZone": viewer.key,
    }
    return present.json(body)


@about(
    "slots",
    "Explain a start",
    "What each rule says of it, in the order in which they are asked: the same that decide what "
    "is offered and what is accepted.",
)
@takes_query(schemas.ExplainQuery())
@answers(200, schemas.Explanation, "By resource, what each rule says.")
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def explanation(request: web.Request) -> web.Response:
    """GET /api/slots/explain."""
    start = request["querystring"]["start_time"]
    at = microseconds(start)
    known = await request.app[VACANCIES].known(await _wanted(request), every(at, at + 1))
    body = {
        "data": [_explained(one, at) for one in known],
        "serviceId": known[0].service.id,
        "startTime": start,
        "duration": known[0].length // MINUTE,
    }
    return present.json(body)


async def _wanted(request: web.Request) -> list[Wanted]:
    """What the query asks for, with each resource that may be meant."""
    query, app = request["querystring"], request.app
    offer = await app[CATALOGUE].get()
    service, resources = offer.choose(query.get("service_id"), query.get("resource_id"))
    length = timedelta(minutes=query.get("duration") or _usual(service))
    return app[VACANCIES].wanted(service, resources, length, app[CLOCK]())


def _usual(service: Service) -> int:
    """The minutes that are meant where none are named. Raises `ApiError`."""
    if not service.durations:
        errors = {"duration": "Is needed: the service comes in any length."}
        raise ApiError(Code.VALIDATION_ERROR, errors=errors)
    return service.durations[0]


def _check_few(wants: Sequence[Wanted], days: range) -> None:
    """Raises `ApiError` for more starts than others should wait for."""
    most = max(1, MOST_STARTS * wants[0].step // (DAY // MINUTE * len(wants)))
    if len(days) > most:
        errors = {"to": f"So many slots begin here that at most {most} days may be asked for."}
        raise ApiError(Code.VALIDATION_ERROR, errors=errors)


def _check_length(wanted: Wanted) -> None:
    """Raises `ApiError` for a length that no slot has."""
    try:
        check(wanted, wanted.now, RULES[:1])
    except WrongLength as error:
        raise ApiError(Code.VALIDATION_ERROR, errors={"duration": str(error)}) from error


def _explained(wanted: Wanted, start: int) -> dict[str, Any]:
    verdicts = explain(wanted, start)
    return {
        "resourceId": wanted.calendar.resource.id,
        "offered": all(one.why is None for one in verdicts),
        "rules": [
            {
                "rule": one.rule.name,
                "passed": one.why is None,
                "errorCode": code_of(one.rule.refusal).text,
                "message": one.why,
            }
            for one in verdicts
        ],
    }
