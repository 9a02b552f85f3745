"""What a handler declares of itself: whom it is open to, what it takes, answers and refuses.

The decorators are aiohttp-apispec's; `docs/openapi.py` makes the document of what they note. What
every operation has in common (the request id, the errors of bodies, keys and limits) follows from
the rest and is declared by none.
"""

from collections.abc import Awaitable, Callable, Sequence

import aiohttp_apispec
from aiohttp import web
from marshmallow import Schema

from bookingd.api.errors import Code
from storage.model import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Declaration = Callable[[Handler], Handler]


def open_to(*scopes: Scope) -> Declaration:
    """Who may use it: keys of these scopes, or anybody where none is named."""

    def declare(handler: Handler) -> Handler:
        handler.__scopes__ = frozenset(scopes)  # type: ignore[attr-defined]
        return handler

    return declare


def key_shows_more(handler: Handler) -> Handler:
    """Open to anybody, and whoever reads everything sees more (`context.sees_all`)."""
    handler.__more__ = True  # type: ignore[attr-defined]
    return handler


def shows_more(handler: Handler) -> bool:
    """Whether a key is of use where none is needed."""
    return hasattr(handler, "__more__")


def always_answered(handler: Handler) -> Handler:
    """However many are inside, for it is asked by who watches the daemon.

    Where no key is asked for, however often, too; else keys could be tried there without end.
    """
    handler.__always__ = True  # type: ignore[attr-defined]
    return handler


def is_always_answered(handler: Handler) -> bool:
    """Whether it is answered however many are inside."""
    return hasattr(handler, "__always__")


def opened_by_link(handler: Handler) -> Handler:
    """Open to whoever has a link: a wrong one counts as a wrong key does."""
    handler.__link__ = True  # type: ignore[attr-defined]
    return handler


def is_opened_by_link(handler: Handler) -> bool:
    """Whether its path carries what is as good as a key."""
    return hasattr(handler, "__link__")


def is_unlimited(handler: Handler) -> bool:
    """Whether an address may ask it as often as it likes."""
    return is_always_answered(handler) and not handler.__scopes__  # type: ignore[attr-defined]


def about(tag: str, summary: str, description: str = "") -> Declaration:
    """What it does, for the documentation."""
    declaration: Declaration = aiohttp_apispec.docs(
        tags=[tag], summary=summary, description=description
    )
    return declaration


def takes_json(schema: Schema) -> Declaration:
    """The body it takes, loaded into `request["json"]`; `schema.example` is one."""
    declaration: Declaration = aiohttp_apispec.json_schema(schema)
    return declaration


def takes_query(schema: Schema) -> Declaration:
    """The query it takes, loaded into `request["querystring"]`."""

    def declare(handler: Handler) -> Handler:
        handler.__query__ = True  # type: ignore[attr-defined]
        declared: Handler = aiohttp_apispec.querystring_schema(schema)(handler)
        return declared

    return declare


def takes_headers(*names: str) -> Declaration:
    """The headers it heeds, of `wording.TAKEN`."""
    declaration: Declaration = aiohttp_apispec.docs(parameters=list(names))
    return declaration


def answers(
    status: int,
    schema: type[Schema] | None,
    description: str,
    *,
    media: Sequence[str] = ("application/json",),
    headers: Sequence[str] = (),
    links: Sequence[str] = (),
) -> Declaration:
    """What it answers when all is well, for the documentation; tests hold it to that.

    `schema.example` is one such body; without a schema it is anything of the types `media`.
    `headers` are of `wording.GIVEN`. `links` are operations that take the id of what is answered,
    by their names in the document: the tag and the handler's name, such as `bookingsRead`.
    """
    response = {
        "schema": schema,
        "description": description,
        "media": media,
        "headers": headers,
        "links": links,
    }
    declaration: Declaration = aiohttp_apispec.docs(responses={status: response})
    return declaration


def may_be_known() -> Declaration:
    """It answers 304 to a client that has what there is (`conditions.unless_known`)."""

    def declare(handler: Handler) -> Handler:
        known = answers(304, None, "The client has it.", media=(), headers=("ETag",))
        return known(takes_headers("If-None-Match")(handler))

    return declare


def may_fail(*codes: Code) -> Declaration:
    """The errors of its own, besides those that follow from what else it declares."""
    declaration: Declaration = aiohttp_apispec.docs(errors=codes)
    return declaration
