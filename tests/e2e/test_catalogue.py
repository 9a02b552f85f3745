"""What can be booked, changed while the daemon runs, and seen by those who book."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.e2e.booking import ADMIN, CUSTOMER, booking, slot
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import PUBLIC_KEY, Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox


async def create(daemon: Daemon, noun: str, **fields: Any) -> dict[str, Any]:
    answer = await daemon.ask("POST", f"/api/{noun}", {"name": "New", **fields})
    assert answer.status == 201, answer
    return dict(answer.body)


def told(mailbox: Mailbox, recipient: str, *beginnings: str) -> bool:
    """Whether the mails to somebody are these, by the first words of their subjects."""
    mails = mailbox.to(recipient)
    assert len(mails) == len(beginnings)
    pairs = zip(mails, beginnings, strict=True)
    return all(mail.subject.startswith(words) for mail, words in pairs)


def settled(behind: Database, **states: int) -> Callable[[], Awaitable[bool]]:
    """Whether so many messages are in these states, and none in another."""

    async def look() -> bool:
        return await behind.states() == states

    return look


async def test_a_booking_that_waits_for_a_yes_is_received_then_confirmed(
    daemon: Daemon, mailbox: Mailbox, behind: Database
):
    service = await create(daemon, "services", name="Consultation", needsConfirmation=True)
    asked = await daemon.book(booking(serviceId=service["id"], name="O'Brien <b>&"))
    path = f"/api/bookings/{asked['id']}"
    assert (asked["status"], asked["name"]) == ("PENDING", "O'Brien <b>&")
    await eventually(lambda: len(mailbox.mails) == 2)
    assert told(mailbox, CUSTOMER, "We have your request for ")
    assert told(mailbox, ADMIN, "To be confirmed: ")
    await eventually(settled(behind, sent=2))  # and no reminder of what may never be
    taken = await daemon.post(booking(serviceId=service["id"]))
    assert (taken.status, taken.code) == (409, "SLOT_TAKEN")

    confirmed = await daemon.ask("PATCH", path, {"status": "CONFIRMED"})
    assert (confirmed.status, confirmed.body["status"]) == (200, "CONFIRMED")
    again = await daemon.ask("PATCH", path, {"status": "CONFIRMED"})
    assert (again.status, again.body["version"]) == (200, confirmed.body["version"])
    await eventually(lambda: len(mailbox.mails) == 4)
    assert told(mailbox, CUSTOMER, "We have your request for ", "Confirmed: ")
    assert told(mailbox, ADMIN, "To be confirmed: ", "Booked: ")
    assert "O'Brien <b>&" in mailbox.to(CUSTOMER)[-1].text

    await eventually(settled(behind, sent=4, pending=1))  # the reminder
    assert set(mailbox.ids.values()) == {1}
    back = await daemon.ask("PATCH", path, {"status": "PENDING"})
    assert (back.status, back.code) == (409, "INVALID_TRANSITION")


async def test_one_that_gets_a_no_frees_its_slot_and_says_so(daemon: Daemon, mailbox: Mailbox):
    service = await create(daemon, "services", needsConfirmation=True)
    # Two services now, so the one that is meant has to be named.
    unnamed = await daemon.post(booking())
    assert (unnamed.status, unnamed.code) == (400, "VALIDATION_ERROR")
    assert [error["field"] for error in unnamed.body["errors"]] == ["serviceId"]

    asked = await daemon.book(booking(serviceId=service["id"]))
    await eventually(lambda: len(mailbox.mails) == 2)
    no = {"status": "CANCELLED", "reason": "We are closed."}
    refused = await daemon.ask("PATCH", f"/api/bookings/{asked['id']}", no)
    assert refused.body["status"] == "CANCELLED"
    await eventually(lambda: len(mailbox.mails) == 4)
    assert told(mailbox, CUSTOMER, "We have your request for ", "Cancelled: ")
    assert (await daemon.book(booking(serviceId=service["id"])))["status"] == "PENDING"


async def test_a_page_reads_what_can_be_booked_and_asks_again_for_nothing(daemon: Daemon):
    service = await create(daemon, "services", durations=[30], price="45 €", bufferAfter=15)
    await create(daemon, "resources", email="grace@example.org", serviceIds=[service["id"]])
    for key in (None, PUBLIC_KEY):
        seen = await daemon.ask("GET", "/api/services", key=key)
        assert [one["name"] for one in seen.body["data"]] == ["Appointment", "New"]
        assert "bufferAfter" not in seen.body["data"][1]
        headers = {"If-None-Match": seen.headers["ETag"]}
        known = await daemon.ask("GET", "/api/services", key=key, headers=headers)
        assert (known.status, known.body) == (304, None)
        resources = await daemon.ask("GET", "/api/resources", key=key)
        assert "grace@example.org" not in str(resources.body)

    body = booking(serviceId=service["id"], resourceId=resources.body["data"][1]["id"])
    long = await daemon.post({**body, "timeSlot": slot(1, minutes=60)})
    assert [error["field"] for error in long.body["errors"]] == ["timeSlot.duration"]
    assert (await daemon.post(body)).status == 201


async def test_what_is_archived_is_gone_at_once_and_back_at_once(daemon: Daemon):
    service = await create(daemon, "services")
    path = f"/api/services/{service['id']}"
    await daemon.book(booking(serviceId=service["id"]))
    assert (await daemon.ask("DELETE", path)).body["archived"] is True
    assert (await daemon.ask("GET", path, key=None)).status == 404
    refused = await daemon.post(booking(1, serviceId=service["id"]))
    assert [error["field"] for error in refused.body["errors"]] == ["serviceId"]
    await daemon.book(booking(1))  # which again needs no name
    assert (await daemon.ask("PATCH", path, {"archived": False})).body["archived"] is False
    await daemon.book(booking(2, serviceId=service["id"]))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_another_daemon_knows_soon(daemons: Daemons):
    first, second = await asyncio.gather(daemons.start(), daemons.start())
    await second.get("/api/services")
    service = await create(first, "services", needsConfirmation=True)
    path = f"/api/services/{service['id']}"

    async def known() -> bool:
        return (await second.get(path)).status == 200

    await eventually(known)
    changed = await first.ask("PATCH", path, {"name": "Changed"})
    stale = await second.ask("PATCH", path, {"name": "Stale"}, headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "STALE_VERSION")
    tag = {"If-Match": changed.headers["ETag"]}
    latest = await second.ask("PATCH", path, {"price": "9"}, headers=tag)
    assert (latest.status, latest.body["name"]) == (200, "Changed")
