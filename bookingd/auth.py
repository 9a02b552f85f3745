"""Who asks, and whether they may. Default deny: a route names the scopes that may use it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from bookingd.config import Config
from bookingd.fresh import Fresh
from bookingd.keys import digest, well_formed, works
from storage.errors import StorageError
from storage.interface import Storage
from storage.model import ApiKey, Scope
from storage.writes import NoteUse

SCHEME = "bearer"


class Unauthorized(Exception):
    """No key, or one that is mistyped, unknown, revoked or expired."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key's id, its name as it goes into a booking's history, and its scope.

    With `origins` only pages of these may ask.
    """

    id: str
    name: str
    scope: Scope
    origins: tuple[str, ...] = ()

    def welcome_from(self, origin: str | None) -> bool:
        """Whether a request with this Origin header (RFC 6454, section 7) may use the key.

        Browsers do not let a page lie about it; a script may say what it likes.
        """
        return not self.origins or origin in self.origins


class Keyring:
    """Knows the keys of the environment, which always work, and those that are kept."""

    def __init__(self, config: Config, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._fixed = [
            (digest(secret), Caller(name, name, scope))
            for secret, name, scope in (
                (config.admin_key, "environment (admin)", Scope.ADMIN),
                (config.public_key, "environment (publishable)", Scope.PUBLISHABLE),
                (config.operator_key, "environment (operator)", Scope.OPERATOR),
            )
            if secret is not None
        ]
        self._storage = storage
        self._kept: Fresh[Mapping[str, ApiKey]] = Fresh(self._load)
        self._clock = clock
        self._used: dict[str, datetime] = {}

    async def caller(self, authorization: str | None) -> Caller:
        """Whose key an Authorization header carries (RFC 6750, section 2.1).

        Raises `Unauthorized`; `Unavailable` when only storage could tell.
        """
        scheme, _, given = (authorization or "").partition(" ")
        secret = given.strip()
        if scheme.lower() != SCHEME or not secret:
            raise Unauthorized("Send a key: Authorization: Bearer <key>.")
        return await self.holder(secret)

    async def holder(self, secret: str) -> Caller:
        """Whose key this is.

        Raises `Unauthorized`; `Unavailable` when only storage could tell.
        """
        presented = digest(secret)
        for known, caller in self._fixed:
            if compare_digest(known, presented):
                return caller
        if not well_formed(secret):
            raise Unauthorized("This is not a key: it is mistyped or not whole.")
        return await self._kept_caller(presented)

    async def note_use(self) -> None:
        """Write down which kept keys were used since the last time. Raises `StorageError`."""
        used, self._used = self._used, {}
        if not used:
            return
        [outcome] = await self._storage.commit([NoteUse(used)])
        if isinstance(outcome, StorageError):
            self._used = used | self._used
            raise outcome

    async def _kept_caller(self, presented: str) -> Caller:
        """Found by its digest: how long that takes tells nothing of any key."""
        key, now = (await self._kept.get()).get(presented), self._clock()
        if key is None or not works(key, now):
            raise Unauthorized("This key is not known, or no longer valid.")
        self._used[key.id] = now
        return Caller(key.id, key.name, key.scope, key.origins)

    async def _load(self) -> Mapping[str, ApiKey]:
        return {key.digest: key for key in await self._storage.keys()}
