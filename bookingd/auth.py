"""Who asks, and whether they may. Default deny: a route names the scopes that may use it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from bookingd.config import Config
from bookingd.fresh import Fresh
from bookingd.keys import digest
from storage.interface import Storage
from storage.model import ApiKey, Scope

SCHEME = "bearer"


class Unauthorized(Exception):
    """No key, or one that is unknown, revoked or expired."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the key, as it goes into a booking's history, and its scope."""

    name: str
    scope: Scope


class Keyring:
    """Knows the keys of the environment, which always work, and those that are kept."""

    def __init__(self, config: Config, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._fixed = [
            (digest(secret), Caller(name, scope))
            for secret, name, scope in (
                (config.admin_key, "environment (admin)", Scope.ADMIN),
                (config.public_key, "environment (publishable)", Scope.PUBLISHABLE),
            )
            if secret is not None
        ]
        self._kept: Fresh[list[ApiKey]] = Fresh(storage.keys)
        self._clock = clock

    async def caller(self, authorization: str | None) -> Caller:
        """Whose key an Authorization header carries (RFC 6750, section 2.1).

        Raises `Unauthorized`; `Unavailable` when only storage could tell.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != SCHEME or not secret.strip():
            raise Unauthorized("send a key: Authorization: Bearer <key>")
        presented = digest(secret.strip())
        for known, caller in self._fixed:
            if compare_digest(known, presented):
                return caller
        for key in await self._kept.get():
            if compare_digest(key.digest, presented) and self._valid(key):
                return Caller(key.name, key.scope)
        raise Unauthorized("this key is not known, or no longer valid")

    def _valid(self, key: ApiKey) -> bool:
        now = self._clock()
        return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)
