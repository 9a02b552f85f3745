"""The webhooks that there are: who is to be called, and how one comes to be, changes or ends."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bookingd.fresh import Fresh
from schedules.webhooks import new_secret
from storage.errors import StaleVersion, StorageError
from storage.ids import new_id
from storage.interface import Storage
from storage.model import Webhook
from storage.writes import SaveWebhook

log = logging.getLogger(__name__)

TRIES = 3
"""How often one is switched off anew as somebody else has just left it."""


class Webhooks(Fresh[Mapping[str, Webhook]]):
    """All of them by id, oldest first. `some` are active, as far as was heard."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime]) -> None:
        super().__init__(self._read)
        self._storage = storage
        self._clock = clock
        self.some = False

    async def find(self, webhook_id: str) -> Webhook | None:
        """One of them. Raises `Unavailable`."""
        return (await self.get()).get(webhook_id)

    async def latest(self) -> Mapping[str, Webhook]:
        """All of them as they are now, whoever changed them last."""
        self.forget()
        return await self.get()

    async def switch_off(self, webhook_id: str, why: str) -> None:
        """It wants no more calls. Raises a `StorageError`."""
        for _ in range(TRIES):
            webhook = (await self.latest()).get(webhook_id)
            if webhook is None or not webhook.active:
                return
            off = edited(webhook, {"active": False}, self._clock(), why)
            [outcome] = await self._storage.commit([SaveWebhook(off)])
            self.forget()
            if not isinstance(outcome, StorageError):
                log.warning("webhook switched off", extra={"webhookId": webhook_id, "reason": why})
                return
            if not isinstance(outcome, StaleVersion):
                raise outcome
        raise StaleVersion

    async def _read(self) -> Mapping[str, Webhook]:
        found = {webhook.id: webhook for webhook in await self._storage.webhooks()}
        self.some = any(webhook.active for webhook in found.values())
        return found


def created(details: Mapping[str, Any], now: datetime) -> Webhook:
    """A new webhook with a secret of its own."""
    return Webhook(id=new_id(now), **details, secret=new_secret(), created_at=now, updated_at=now)


def rolled(webhook: Webhook, grace: timedelta, now: datetime) -> Webhook:
    """The webhook with a new secret, one version on; calls are signed with the old for `grace`."""
    return replace(
        webhook,
        secret=new_secret(),
        old_secret=webhook.secret if grace else None,
        old_secret_until=now + grace if grace else None,
        version=webhook.version + 1,
        updated_at=now,
    )


def edited(
    webhook: Webhook, details: Mapping[str, Any], now: datetime, why_off: str | None = None
) -> Webhook:
    """The webhook with these details, one version on; itself if nothing changes."""
    if all(getattr(webhook, name) == value for name, value in details.items()):
        return webhook
    changed = replace(webhook, **details, version=webhook.version + 1, updated_at=now)
    return replace(changed, why_off=None if changed.active else why_off or webhook.why_off)
