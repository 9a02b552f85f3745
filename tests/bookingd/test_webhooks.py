"""The webhooks that a daemon knows, and one that is switched off by its own answer."""

from dataclasses import replace
from typing import Any

import pytest

from bookingd.webhooks import Webhooks
from storage.errors import StaleVersion
from storage.interface import Storage
from storage.writes import SaveWebhook
from tests.bookingd.conftest import on_both
from tests.records import HOUR, NOW, a_webhook, done

WEBHOOK = a_webhook()


@on_both
async def test_one_that_wants_no_more_is_switched_off_and_says_why(storage: Storage):
    await done(storage, SaveWebhook(WEBHOOK))
    webhooks = Webhooks(storage, lambda: NOW + HOUR)
    assert await webhooks.find(WEBHOOK.id) == WEBHOOK
    assert webhooks.some
    for _ in range(2):
        await webhooks.switch_off(WEBHOOK.id, "410")
    off = replace(WEBHOOK, active=False, why_off="410", version=2, updated_at=NOW + HOUR)
    assert await webhooks.find(WEBHOOK.id) == off
    assert await storage.webhooks() == [off]
    assert not webhooks.some


async def test_one_that_is_gone_needs_no_switching_off(storage: Storage):
    await Webhooks(storage, lambda: NOW).switch_off(WEBHOOK.id, "410")
    assert await storage.webhooks() == []


async def test_it_is_switched_off_whatever_else_is_changed_meanwhile(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    await done(storage, SaveWebhook(WEBHOOK))
    commit, others = storage.commit, [replace(WEBHOOK, description="Ledger", version=2)]

    async def slower(writes: Any) -> Any:
        while others:
            await commit([SaveWebhook(others.pop())])
        return await commit(writes)

    monkeypatch.setattr(storage, "commit", slower)
    await Webhooks(storage, lambda: NOW).switch_off(WEBHOOK.id, "410")
    [found] = await storage.webhooks()
    assert (found.active, found.description, found.version) == (False, "Ledger", 3)


async def test_what_storage_cannot_do_is_said(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    await done(storage, SaveWebhook(WEBHOOK))

    async def never(_: Any) -> Any:
        return [StaleVersion()]

    monkeypatch.setattr(storage, "commit", never)
    with pytest.raises(StaleVersion):
        await Webhooks(storage, lambda: NOW).switch_off(WEBHOOK.id, "410")
