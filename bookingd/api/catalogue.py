"""Services and resources over HTTP: the same handlers, made for each of the two nouns."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic

from aiohttp import web
from marshmallow import Schema

from bookingd.api import present
from bookingd.api.conditions import check_version, kept, unless_known
from bookingd.api.context import CATALOGUE, CLOCK, DESK, RECONCILE, sees_all
from bookingd.api.declare import (
    Handler,
    about,
    answers,
    key_shows_more,
    may_be_known,
    may_fail,
    open_to,
    takes_headers,
    takes_json,
    takes_query,
)
from bookingd.api.errors import ApiError, Code
from bookingd.api.schemas import catalogue as schemas
from bookingd.catalogue import Offer, Record, created, edited
from storage.errors import NotFound, StaleVersion
from storage.model import Resource, Scope, Service
from storage.writes import SaveResource, SaveService, Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun(Generic[Record]):
    """What tells services from resources. `shown` presents one, with or without `whole`."""

    one: str
    kind: type[Record]
    among: Callable[[Offer], Mapping[str, Record]]
    save: Callable[[Record], Write[None]]
    new: Schema
    edited: Schema
    body: type[Schema]
    listed: type[Schema]
    shown: Callable[..., dict[str, Any]]

    @property
    def several(self) -> str:
        """Its plural, in paths and tags."""
        return f"{self.one}s"


SERVICES = Noun(
    one="service",
    kind=Service,
    among=lambda offer: offer.services,
    save=SaveService,
    new=schemas.NewService(),
    edited=schemas.EditedService(),
    body=schemas.Service,
    listed=schemas.ServiceList,
    shown=present.service,
)
RESOURCES = Noun(
    one="resource",
    kind=Resource,
    among=lambda offer: offer.resources,
    save=SaveResource,
    new=schemas.NewResource(),
    edited=schemas.EditedResource(),
    body=schemas.Resource,
    listed=schemas.ResourceList,
    shown=present.resource,
)


def listing(noun: Noun[Record]) -> Handler:
    """GET /api/services, oldest first; the archived ones for who reads everything and asks."""

    @about(noun.several, f"List {noun.several}", "All of them, oldest first.")
    @takes_query(schemas.CatalogueQuery())
    @answers(200, noun.listed, "What can be booked.", headers=("ETag",))
    @may_be_known()
    @may_fail(Code.UNAUTHORIZED, Code.FORBIDDEN)
    @open_to()
    @key_shows_more
    async def every(request: web.Request) -> web.Response:
        whole, archived = await sees_all(request), request["querystring"]["archived"]
        if archived and not whole:
            raise ApiError(Code.FORBIDDEN, "The archive is open to keys that read everything.")
        records = noun.among(await request.app[CATALOGUE].get()).values()
        shown = [record for record in records if archived or record.archived_at is None]
        body = {"data": [noun.shown(record, whole=whole) for record in shown]}
        return unless_known(request, vary(present.json(body), whole=whole))

    return every


def reading(noun: Noun[Record]) -> Handler:
    """GET /api/services/{id}; one in the archive for who reads everything."""

    @about(noun.several, f"Read a {noun.one}")
    @answers(200, noun.body, f"The {noun.one}.", headers=("ETag",))
    @may_be_known()
    @may_fail(Code.UNAUTHORIZED, Code.NOT_FOUND)
    @open_to()
    @key_shows_more
    async def read(request: web.Request) -> web.Response:
        record, whole = await seen(request, noun)
        shown = one(noun, record) if whole else present.json(noun.shown(record, whole=False))
        return unless_known(request, vary(shown, whole=whole))

    return read


def creating(noun: Noun[Record]) -> Handler:
    """POST /api/services."""

    @about(noun.several, f"Create a {noun.one}")
    @takes_json(noun.new)
    @answers(
        201,
        noun.body,
        f"The {noun.one}.",
        headers=("Location", "ETag"),
        links=[f"{noun.several}{name}" for name in ("Read", "Change", "Archive")],
    )
    @open_to(Scope.ADMIN)
    async def create(request: web.Request) -> web.Response:
        details = request["json"]
        await _check(await _latest(request), details)
        record = created(noun.kind, details, request.app[CLOCK]())
        await _save(request, noun.save(record))
        response = one(noun, record)
        response.set_status(HTTPStatus.CREATED)
        response.headers["Location"] = f"/api/{noun.several}/{record.id}"
        return response

    return create


def changing(noun: Noun[Record]) -> Handler:
    """PATCH /api/services/{id}: whatever is given; `archived` false brings it back."""

    @about(
        noun.several,
        f"Change a {noun.one}, archive it or bring it back",
        "Whatever is left out stays.",
    )
    @takes_json(noun.edited)
    @takes_headers("If-Match")
    @answers(200, noun.body, f"The {noun.one} as it is now.", headers=("ETag",))
    @may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
    @open_to(Scope.ADMIN)
    async def change(request: web.Request) -> web.Response:
        return one(noun, await changed(request, noun, lambda _: request["json"]))

    return change


def archiving(noun: Noun[Record]) -> Handler:
    """DELETE /api/services/{id}; once archived, it answers the same again."""

    @about(
        noun.several,
        f"Archive a {noun.one}",
        "It takes no new bookings and keeps its old ones. Again, it answers the same.",
    )
    @takes_headers("If-Match")
    @answers(200, noun.body, f"The {noun.one} as it is now.", headers=("ETag",))
    @may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
    @open_to(Scope.ADMIN)
    async def archive(request: web.Request) -> web.Response:
        return one(noun, await changed(request, noun, lambda _: {"archived": True}))

    return archive


async def changed(
    request: web.Request, noun: Noun[Record], details_of: Callable[[Record], Mapping[str, Any]]
) -> Record:
    """The record with these details, on the version that If-Match names, or on the latest.

    As for bookings, it is tried until it succeeds, or the time of the request is over.
    """
    while True:
        offer = await _latest(request)
        record = found(request, noun, offer)
        check_version(request, record.version)
        details = details_of(record)
        await _check(offer, details)
        after = edited(record, details, request.app[CLOCK]())
        if after is record:
            return record
        try:
            await _save(request, noun.save(after))
        except StaleVersion:
            continue
        return after


async def seen(request: web.Request, noun: Noun[Record]) -> tuple[Record, bool]:
    """The record, and whether to show the whole of it; one in the archive only then.

    Raises `NotFound`.
    """
    whole = await sees_all(request)
    record = found(request, noun, await request.app[CATALOGUE].get())
    if record.archived_at is not None and not whole:
        raise NotFound
    return record, whole


async def _check(offer: Offer, details: Mapping[str, Any]) -> None:
    """Raises `NotOffered`. What takes a while is done beside the loop."""
    if details.get("holidays"):
        await asyncio.to_thread(offer.check, details)
    else:
        offer.check(details)


async def _latest(request: web.Request) -> Offer:
    """The offer as it is now, whoever changed it last."""
    request.app[CATALOGUE].forget()
    return await request.app[CATALOGUE].get()


async def _save(request: web.Request, write: Write[None]) -> None:
    try:
        await request.app[DESK].ask(write)
    finally:
        request.app[CATALOGUE].forget()
    request.app[RECONCILE]()


def found(request: web.Request, noun: Noun[Record], offer: Offer) -> Record:
    """The record that the path names. Raises `NotFound`."""
    try:
        return noun.among(offer)[request.match_info["id"]]
    except KeyError:
        raise NotFound from None


def one(noun: Noun[Record], record: Record) -> web.Response:
    """The whole of it, with its version."""
    headers = {"ETag": present.etag(record)}
    return present.json(noun.shown(record, whole=True), headers=headers)


def vary(response: web.Response, *, whole: bool) -> web.Response:
    """Who reads everything sees more under the same address (RFC 9110, section 12.5.5)."""
    response.headers["Vary"] = "Authorization, Origin"
    return response if whole else kept(response)
