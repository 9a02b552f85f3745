"""How many requests an address may make, and with how many wrong keys."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bookingd.addresses import household

if TYPE_CHECKING:
    from bookingd.counting import Counts, Window

WRONG_KEYS = "10/minute"
"""Requests with a wrong key; after that, an address may for a while not even show a right one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an address stands: what is left of how many, and for how many seconds."""

    policy: str
    allowed: bool
    quota: int
    window: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After when refused."""
        headers = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset}',
        }
        return headers if self.allowed else {**headers, "Retry-After": str(self.reset)}


class Limiter:
    """Counts by address; in the Redis or Valkey that `url` names, so that daemons share it."""

    def __init__(self, rate: str, url: str | None = None) -> None:
        self._rate = rate
        self._url = url

    async def request(self, address: str) -> Standing:
        """Count one request."""
        subject = household(address)
        allowed = await self._requests.hit(subject)
        return await _standing(self._requests, subject, allowed)

    async def wrong_key(self, address: str) -> None:
        """Count one request with a wrong key."""
        await self._wrong_keys.hit(household(address))

    async def locked_out(self, address: str) -> Standing | None:
        """How an address stands that has shown too many wrong keys; None for any other."""
        subject = household(address)
        if await self._wrong_keys.open(subject):
            return None
        return await _standing(self._wrong_keys, subject, allowed=False)

    async def close(self) -> None:
        """Let go of the server."""
        if "_counts" in vars(self):
            await self._counts.close()

    @cached_property
    def _counts(self) -> "Counts":
        """The library takes a tenth of a second to load, which the start is spared."""
        from bookingd.counting import Counts

        return Counts(self._url)

    @cached_property
    def _requests(self) -> "Window":
        return self._window("default", self._rate)

    @cached_property
    def _wrong_keys(self) -> "Window":
        return self._window("wrong-keys", WRONG_KEYS)

    def _window(self, policy: str, rate: str) -> "Window":
        from bookingd.counting import Window

        return Window(policy, rate, self._counts)


async def _standing(window: "Window", subject: str, allowed: bool) -> Standing:
    remaining, seconds = await window.left(subject)
    return Standing(
        policy=window.name,
        allowed=allowed,
        quota=window.item.amount,
        window=window.item.get_expiry(),
        remaining=remaining,
        reset=max(1, round(seconds)),
    )
