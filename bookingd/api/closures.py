"""When a resource is open, over HTTP: the hours of its week, and its closures."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from bookingd.api import present
from bookingd.api.catalogue import RESOURCES, changed, seen, vary
from bookingd.api.conditions import unless_known
from bookingd.api.context import CLOCK
from bookingd.api.declare import (
    about,
    answers,
    key_shows_more,
    may_be_known,
    may_fail,
    open_to,
    takes_headers,
    takes_json,
)
from bookingd.api.errors import Code
from bookingd.api.schemas.catalogue import Closure, ClosureList, EditedHours, NewClosure, Week
from bookingd.catalogue import closed, opened
from storage.errors import NotFound
from storage.model import Resource, Scope


@about("resources", "Read the hours of a resource")
@answers(200, Week, "When it is open.", headers=("ETag",))
@may_be_known()
@may_fail(Code.UNAUTHORIZED, Code.NOT_FOUND)
@open_to()
@key_shows_more
async def hours(request: web.Request) -> web.Response:
    """GET /api/resources/{id}/hours."""
    resource, whole = await seen(request, RESOURCES)
    return _read(request, {"hours": resource.hours}, resource, whole=whole)


@about("resources", "Set the hours of a resource", "Bookings that there are stay.")
@takes_json(EditedHours())
@takes_headers("If-Match")
@answers(200, Week, "When it is open now.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def set_hours(request: web.Request) -> web.Response:
    """PUT /api/resources/{id}/hours."""
    resource = await changed(request, RESOURCES, lambda _: request["json"])
    return _versioned({"hours": resource.hours}, resource)


@about("resources", "List the closures of a resource", "By their days, those that are over too.")
@answers(200, ClosureList, "When it does not keep its weekly hours.", headers=("ETag",))
@may_be_known()
@may_fail(Code.UNAUTHORIZED, Code.NOT_FOUND)
@open_to()
@key_shows_more
async def closures(request: web.Request) -> web.Response:
    """GET /api/resources/{id}/closures."""
    resource, whole = await seen(request, RESOURCES)
    in_order = sorted(resource.closures, key=lambda one: (one.first, one.last, one.id))
    body = {"data": [present.closure(one, whole=whole) for one in in_order]}
    return _read(request, body, resource, whole=whole)


@about(
    "resources",
    "Close a resource for some days, or open it at other hours",
    "Of two closures that share a day the later one counts. Bookings that there are stay.",
)
@takes_json(NewClosure())
@takes_headers("If-Match")
@answers(201, Closure, "The closure.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def close(request: web.Request) -> web.Response:
    """POST /api/resources/{id}/closures."""
    now = request.app[CLOCK]()

    def details(resource: Resource) -> dict[str, Any]:
        return {"closures": closed(resource, request["json"], now)}

    resource = await changed(request, RESOURCES, details)
    made = present.closure(resource.closures[-1], whole=True)
    response = _versioned(made, resource)
    response.set_status(HTTPStatus.CREATED)
    return response


@about("resources", "Take a closure back", "The resource keeps its weekly hours again.")
@takes_headers("If-Match")
@answers(204, None, "It is gone.", media=())
@may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def reopen(request: web.Request) -> web.Response:
    """DELETE /api/resources/{id}/closures/{closureId}."""

    def details(resource: Resource) -> dict[str, Any]:
        left = opened(resource, request.match_info["closureId"])
        if left == resource.closures:
            raise NotFound
        return {"closures": left}

    await changed(request, RESOURCES, details)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _read(
    request: web.Request, body: dict[str, Any], resource: Resource, *, whole: bool
) -> web.Response:
    """With the version of the resource for who may change it; customers see no versions."""
    shown = _versioned(body, resource) if whole else present.json(body)
    return unless_known(request, vary(shown, whole=whole))


def _versioned(body: dict[str, Any], resource: Resource) -> web.Response:
    return present.json(body, headers={"ETag": present.etag(resource)})
