"""What handlers work with, kept in the application under typed keys."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bookingd.api.headers import Headers
from bookingd.auth import Caller, Keyring
from bookingd.catalogue import Catalogue
from bookingd.changes import Moment
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.draining import Drain
from bookingd.limiter import Limiter
from storage.interface import Storage

CONFIG = web.AppKey("config", Config)
STORAGE = web.AppKey("storage", Storage)
DESK = web.AppKey("desk", Desk)
CATALOGUE = web.AppKey("catalogue", Catalogue)
KEYRING = web.AppKey("keyring", Keyring)
LIMITER = web.AppKey[Limiter | None]("limiter")
DRAIN = web.AppKey("drain", Drain)
HEADERS = web.AppKey[Headers]("headers")
CLOCK = web.AppKey[Callable[[], datetime]]("clock")
STARTED = web.AppKey("started", float)

CALLER = "caller"
"""Where a request keeps whose key it came with."""


def moment(request: web.Request) -> Moment:
    """Who asks for a change, and when."""
    caller: Caller = request[CALLER]
    return Moment(caller.name, request.app[CLOCK](), request.app[CONFIG].promises)
