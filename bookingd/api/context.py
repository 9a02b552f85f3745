"""What handlers work with, kept in the application under typed keys."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bookingd.addresses import client_address
from bookingd.alarms import Alarms
from bookingd.api.headers import Headers
from bookingd.auth import Keyring
from bookingd.catalogue import Catalogue
from bookingd.changes import Moment
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.draining import Drain
from bookingd.limiter import Limiter
from bookingd.links import Links
from bookingd.measures import Measures
from bookingd.vacancies import Vacancies
from bookingd.vitals import Vitals
from bookingd.webhooks import Webhooks
from storage.interface import Storage
from storage.model import Scope

CONFIG = web.AppKey("config", Config)
STORAGE = web.AppKey("storage", Storage)
DESK = web.AppKey("desk", Desk)
CATALOGUE = web.AppKey("catalogue", Catalogue)
VACANCIES = web.AppKey("vacancies", Vacancies)
WEBHOOKS = web.AppKey("webhooks", Webhooks)
KEYRING = web.AppKey("keyring", Keyring)
LINKS = web.AppKey("links", Links)
LIMITER = web.AppKey[Limiter | None]("limiter")
MEASURES = web.AppKey("measures", Measures)
VITALS = web.AppKey("vitals", Vitals)
ALARMS = web.AppKey("alarms", Alarms)
DRAIN = web.AppKey("drain", Drain)
RECONCILE = web.AppKey[Callable[[], None]]("reconcile")
HEADERS = web.AppKey[Headers]("headers")
CLOCK = web.AppKey[Callable[[], datetime]]("clock")
DOCUMENT = web.AppKey[Callable[[], bytes]]("document")
STARTED = web.AppKey("started", float)

ALL_SEEING = frozenset({Scope.READ_ONLY, Scope.ADMIN})

CALLER = "caller"
"""Where a request keeps whose key it came with."""

STANDING = "standing"
"""Where a request keeps the headers that say how many more there may be."""

TIME_LIMIT = "time limit"
"""Where a request keeps the `asyncio.Timeout` that ends it."""


async def sees_all(request: web.Request) -> bool:
    """Whether it comes with a key that reads everything, on a route that needs none.

    Raises `Unauthorized` for a key that is not known.
    """
    given = request.headers.get("Authorization")
    return given is not None and (await request.app[KEYRING].caller(given)).scope in ALL_SEEING


def links_of(request: web.Request) -> Links | None:
    """What makes the links that its key may see: a key that only reads could change by them."""
    return None if request[CALLER].scope is Scope.READ_ONLY else request.app[LINKS]


async def moment(request: web.Request, actor: str | None = None) -> Moment:
    """Who asks for a change (whose key it is, unless `actor`), when, and who is to hear of it."""
    name = actor or request[CALLER].name
    app = request.app
    webhooks = (await app[WEBHOOKS].get()).values()
    config, offer = app[CONFIG], await app[CATALOGUE].get()
    return Moment(name, app[CLOCK](), config.promises, webhooks, offer, config.time_zone)


def address_of(request: web.Request) -> str:
    """Who asks, as far as a trusted proxy says so."""
    proxies = request.app[CONFIG].trusted_proxies
    if not proxies:
        return request.remote or ""
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    return client_address(request.remote or "", forwarded, proxies)
