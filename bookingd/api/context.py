"""What handlers work with, kept in the application under typed keys."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bookingd.auth import Caller, Keyring
from bookingd.catalogue import Catalogue
from bookingd.changes import Moment
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.draining import Drain
from bookingd.limiter import Limiter
from storage.interface import Storage
from storage.model import Scope

CONFIG = web.AppKey("config", Config)
STORAGE = web.AppKey("storage", Storage)
DESK = web.AppKey("desk", Desk)
CATALOGUE = web.AppKey("catalogue", Catalogue)
KEYRING = web.AppKey("keyring", Keyring)
LIMITER = web.AppKey[Limiter | None]("limiter")
DRAIN = web.AppKey("drain", Drain)
CLOCK = web.AppKey[Callable[[], datetime]]("clock")
STARTED = web.AppKey("started", float)

CALLER = "caller"
"""Where a request keeps whose key it came with."""


async def is_admin(request: web.Request) -> bool:
    """Whether it comes with an administrator's key, on a route that needs none.

    Raises `Unauthorized` for a key that is not known.
    """
    given = request.headers.get("Authorization")
    return given is not None and (await request.app[KEYRING].caller(given)).scope is Scope.ADMIN


def moment(request: web.Request) -> Moment:
    """Who asks for a change, and when."""
    caller: Caller = request[CALLER]
    return Moment(caller.name, request.app[CLOCK](), request.app[CONFIG].promises)
