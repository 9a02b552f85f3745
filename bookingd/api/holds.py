"""Holds over HTTP: a slot is kept while the customer fills in the form."""

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from bookingd.api import present
from bookingd.api.context import (
    CALLER,
    CATALOGUE,
    CLOCK,
    CONFIG,
    DESK,
    LINKS,
    VACANCIES,
    address_of,
)
from bookingd.api.declare import about, answers, may_fail, open_to, takes_json
from bookingd.api.errors import Code
from bookingd.api.refusals import CODES, REFUSED, refused
from bookingd.api.schemas import holds as schemas
from bookingd.availability.engine import caps
from bookingd.availability.wanted import Wanted
from bookingd.changes import Slot
from bookingd.holds import address_digest, new_hold, token_digest
from storage.errors import CapReached, NotFound, SlotTaken
from storage.model import Hold, Scope
from storage.rows import microseconds
from storage.writes import Extend, Keep, LetGo


@about(
    "holds",
    "Keep a slot for some minutes",
    "Nobody else gets it meanwhile. A booking with its `holdToken` takes its place.",
)
@takes_json(schemas.NewHold())
@answers(201, schemas.Hold, "The hold, and its token.")
@may_fail(*CODES, Code.TOO_MANY_HOLDS)
@open_to(Scope.PUBLISHABLE, Scope.ADMIN)
async def keep(request: web.Request) -> web.Response:
    """POST /api/holds."""
    given = request["json"]
    offer, now = await request.app[CATALOGUE].get(), request.app[CLOCK]()
    service, resources = offer.choose(given.get("service_id"), given.get("resource_id"))
    slot = Slot(given["time_slot"]["start_time"], given["time_slot"]["duration"])
    public = request[CALLER].scope is Scope.PUBLISHABLE
    wants = request.app[VACANCIES].wanted(service, resources, slot.length, now)
    try:
        takers = await request.app[VACANCIES].takers(wants, slot.start, public=public)
        token, hold = await _kept(request, takers, slot)
    except REFUSED as error:
        raise await refused(request, error, wants, slot) from error
    seen = {"holdToken": token, **present.hold(hold)}
    response = present.json(seen)
    response.set_status(HTTPStatus.CREATED)
    return response


@about("holds", "Keep it longer", "As long again from now on, once. Again, it answers the same.")
@answers(200, schemas.Hold, "The hold as it is now.")
@may_fail(Code.HOLD_EXPIRED)
@open_to(Scope.PUBLISHABLE, Scope.ADMIN)
async def extend(request: web.Request) -> web.Response:
    """POST /api/holds/{holdToken}/extend."""
    now = request.app[CLOCK]()
    until = now + request.app[CONFIG].hold_for
    write = Extend(token_digest(request.match_info["holdToken"]), until, now)
    return present.json(present.hold(await request.app[DESK].ask(write)))


@about("holds", "Let it go", "Its slot is free at once.")
@answers(204, None, "It is gone.", media=())
@may_fail(Code.NOT_FOUND)
@open_to(Scope.PUBLISHABLE, Scope.ADMIN)
async def let_go(request: web.Request) -> web.Response:
    """DELETE /api/holds/{holdToken}."""
    write = LetGo(token_digest(request.match_info["holdToken"]))
    if not await request.app[DESK].ask(write):
        raise NotFound
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _kept(request: web.Request, takers: Iterable[Wanted], slot: Slot) -> tuple[str, Hold]:
    """With the first that is not lost to another. Raises the last refusal."""
    lost: Exception = SlotTaken()
    for wanted in takers:
        token, write = _keep(request, wanted, slot)
        try:
            await request.app[DESK].ask(write)
        except (SlotTaken, CapReached) as error:
            lost = error
        else:
            return token, write.hold
    raise lost


def _keep(request: web.Request, wanted: Wanted, slot: Slot) -> tuple[str, Keep]:
    """The public is held to caps, and each address to so many holds."""
    app, public = request.app, request[CALLER].scope is Scope.PUBLISHABLE
    address = address_digest(address_of(request), app[LINKS].secret) if public else None
    token, hold = new_hold(
        wanted.service,
        wanted.calendar.resource,
        slot.start,
        slot.length,
        address_digest=address,
        now=app[CLOCK](),
        keep=app[CONFIG].hold_for,
    )
    if not public:
        return token, Keep(hold)
    held_to = caps(wanted, microseconds(slot.start))
    return token, Keep(hold, app[CONFIG].holds_per_address, held_to)
