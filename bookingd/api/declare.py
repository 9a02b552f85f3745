"""What a handler declares of itself: whom it is open to, what it takes, what it is about."""

from collections.abc import Awaitable, Callable

import aiohttp_apispec
from aiohttp import web
from marshmallow import Schema

from storage.model import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Declaration = Callable[[Handler], Handler]


def open_to(*scopes: Scope) -> Declaration:
    """Who may use it: keys of these scopes, or anybody where none is named."""

    def declare(handler: Handler) -> Handler:
        handler.__scopes__ = frozenset(scopes)  # type: ignore[attr-defined]
        return handler

    return declare


def always_answered(handler: Handler) -> Handler:
    """Whatever limits there are, for it is asked by who watches the daemon."""
    handler.__always__ = True  # type: ignore[attr-defined]
    return handler


def about(tag: str, summary: str) -> Declaration:
    """What it does, for the documentation."""
    declaration: Declaration = aiohttp_apispec.docs(tags=[tag], summary=summary)
    return declaration


def takes_json(schema: Schema) -> Declaration:
    """The body it takes, loaded into `request["json"]`."""
    declaration: Declaration = aiohttp_apispec.json_schema(schema)
    return declaration


def takes_query(schema: Schema) -> Declaration:
    """The query it takes, loaded into `request["querystring"]`."""

    def declare(handler: Handler) -> Handler:
        handler.__query__ = True  # type: ignore[attr-defined]
        declared: Handler = aiohttp_apispec.querystring_schema(schema)(handler)
        return declared

    return declare
