"""Webhooks by HTTP, through aiohttp: a POST that is signed, and goes nowhere it must not."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from errno import EACCES
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp

from schedules.channels import Deferred, NotOwed
from schedules.channels.private import is_public
from schedules.webhooks import Call, signed
from storage.errors import StorageError
from storage.model import Webhook

TIMEOUT = 10.0
"""Seconds that a call may take, the look-up of the name included."""

HEARD = 500
"""Bytes of a refusal that are read and kept; of other answers nothing is read."""

LONGEST = timedelta(hours=24)
"""For so long a webhook may ask to be left alone."""

_ASKS_FOR_TIME = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class Subscriptions(Protocol):
    """Knows the webhooks that there are."""

    async def find(self, webhook_id: str) -> Webhook | None:
        """The webhook, if it still is one. Raises a `StorageError`."""

    async def switch_off(self, webhook_id: str, why: str) -> None:
        """It wants no more calls. Raises a `StorageError`."""


class WebhookChannel:
    """Calls webhooks; one session keeps the connections, and none leads into the house.

    Addresses that are not public are refused where the connection is opened, so a name that is
    looked up once to be checked and once to be used (DNS rebinding) gains nothing.
    """

    def __init__(
        self, subscriptions: Subscriptions, clock: Callable[[], datetime], *, allow_private: bool
    ) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def send(self, call: Call) -> None:
        """Return when it was answered with 2xx. Raises a `DeliveryError` by the answer."""
        try:
            webhook = await self._subscriptions.find(call.webhook_id)
            if webhook is None or not webhook.active:
                raise NotOwed("the webhook is off or gone")
            async with self._post(webhook, call) as response:
                await self._judge(response, webhook)
        except (aiohttp.ClientError, OSError, ValueError, StorageError) as error:
            raise Deferred(type(error).__name__, error) from error

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    def _post(self, webhook: Webhook, call: Call) -> Any:
        now = self._clock()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "bookingd",
            **signed(webhook.secrets(now), call, now),
        }
        return self._opened().post(
            webhook.url, data=call.body, headers=headers, allow_redirects=False
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, socket_factory=self._socket),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                auto_decompress=False,
            )
        return self._session

    def _socket(self, found: Any) -> socket.socket:
        """A socket for the very address that is about to be connected to."""
        family, kind, protocol, _, address = found
        if not self._allow_private and not is_public(address[0]):
            raise PermissionError(EACCES, "its address is not a public one")
        return socket.socket(family, kind, protocol)

    async def _judge(self, response: aiohttp.ClientResponse, webhook: Webhook) -> None:
        status = response.status
        if status // 100 == HTTPStatus.OK // 100:
            return
        said = (await response.content.read(HEARD)).decode("utf-8", "replace")
        if status == HTTPStatus.GONE:
            await self._subscriptions.switch_off(webhook.id, "It answered 410 Gone.")
            raise NotOwed(f"{status}; the webhook is off now", said)
        refusal = Deferred(str(status), said)
        if status in _ASKS_FOR_TIME:
            refusal.at_least = self._asked_for(response.headers.get("Retry-After", ""))
        raise refusal

    def _asked_for(self, retry_after: str) -> timedelta:
        """How long Retry-After asks to wait (RFC 9110, section 10.2.3), in reason."""
        try:
            if retry_after.isdecimal():
                wanted = timedelta(seconds=min(int(retry_after), LONGEST.total_seconds()))
            else:
                at = parsedate_to_datetime(retry_after)
                wanted = at.replace(tzinfo=at.tzinfo or UTC) - self._clock()
        except (ValueError, OverflowError):
            return timedelta()
        return max(timedelta(), min(wanted, LONGEST))
