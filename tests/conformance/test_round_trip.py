"""What is stored comes back as it was."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.ids import new_id
from storage.interface import Storage
from storage.model import Audience, Booking, BookingStatus, MessageKind, Scope
from storage.writes import SaveKey, SaveResource, SaveService, SaveWebhook
from tests.records import (
    HOUR,
    INSTANT,
    NOW,
    START,
    a_booking,
    a_key,
    a_message,
    a_reminder,
    a_resource,
    a_service,
    a_webhook,
    change,
    changed,
    claim_due,
    done,
    occupied,
    place,
)

bounded = settings(max_examples=40)

TEXTS = {
    "empty": "",
    "blank": "  \t \r\n ",
    "markup": 'O\'Brien <b>&amp; "co" -- ; DROP TABLE bookings',
    "escapes": "\\ \\n \\u0000 %s %(name)s $1 ? :name {0}",
    "emoji": "👩🏽‍💻 🏳️‍🌈",
    "right_to_left": "שלום עולם \u202eabc\u202c مرحبا",
    "combining": "e\u0301 is not \u00e9, \ufb01 is not fi",
    "last_planes": "\U0010ffff \ufffd \ufeff \u2028",
    "control": "\x01\x07\x1b[31m\x7f\x85",
    "long": "ü" * 100_000,
}
each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


def full(text: str) -> Booking:
    """A booking that says `text` wherever it can."""
    return a_booking(
        name=text,
        email=text,
        company=text,
        phone=text,
        inquiry=text,
        answers={text: text, "other": text},
        time_zone=text,
        locale=text,
        wall_time=text,
    )


@each_text
async def test_each_text_of_a_booking_comes_back(storage: Storage, text: str):
    booking = full(text)
    await done(storage, place(booking))
    assert await storage.booking(booking.id) == booking


@each_text
async def test_each_text_of_a_message_comes_back(storage: Storage, text: str):
    booking = full(text)
    message = a_message(booking, recipient=text, last_error=text)
    await done(storage, place(booking, message))
    assert await storage.messages([booking.id]) == [message]
    [due] = await claim_due(storage)
    assert due.booking == booking


@each_text
async def test_each_text_of_the_rest_comes_back(storage: Storage, text: str):
    service = a_service(name=text, description=text, price=text, colour=text)
    resource = a_resource(name=text, description=text, email=text, time_zone=text)
    key = a_key(name=text)
    webhook = a_webhook(url=text, description=text, secret=text, events=(text,), why_off=text)
    saves = [SaveService(service), SaveResource(resource), SaveKey(key), SaveWebhook(webhook)]
    await done(storage, *saves)
    assert service in await storage.services()
    assert resource in await storage.resources()
    assert await storage.keys() == [key]
    assert await storage.webhooks() == [webhook]


@bounded
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
async def test_any_text_comes_back(storage: Storage, text: str):
    booking = replace(full(text), status=BookingStatus.CANCELLED)
    await done(storage, place(booking))
    assert await storage.booking(booking.id) == booking


@bounded
@given(microseconds=st.integers(-(10**15), 10**16))
async def test_any_instant_comes_back_to_the_microsecond(storage: Storage, microseconds: int):
    start = NOW + microseconds * INSTANT
    booking = a_booking(start=start, created_at=start, status=BookingStatus.CANCELLED)
    message = a_reminder(booking, due=start, created_at=start, expires_at=start + INSTANT)
    await done(storage, place(booking, message))
    assert await storage.booking(booking.id) == booking
    assert await storage.messages([booking.id]) == [message]
    [due] = await claim_due(storage, now=start)
    assert due.booking == booking


async def test_instants_come_back_in_utc(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking, a_reminder(booking)))
    [message] = await storage.messages([booking.id])
    [due] = await claim_due(storage, now=message.due_at)
    [service, *_], [resource, *_] = await storage.services(), await storage.resources()
    spans = await occupied(storage, booking.resource_id, START, START + HOUR)
    told = [message, due.message, due.booking]
    records = [await storage.booking(booking.id), *told, service, resource]
    values = [getattr(record, field.name) for record in records for field in fields(record)]
    instants = [value for value in [*values, *spans[0]] if isinstance(value, datetime)]
    assert len(instants) > 20
    assert {instant.utcoffset() for instant in instants} == {timedelta(0)}


@pytest.mark.parametrize("status", BookingStatus)
async def test_each_status_comes_back(storage: Storage, status: BookingStatus):
    booking = a_booking(status=status, sequence=7, version=9)
    await done(storage, place(booking))
    stored = await storage.booking(booking.id)
    assert stored == booking
    assert stored.status is status


async def test_an_absent_value_is_not_an_empty_one(storage: Storage):
    absent = a_booking(company=None, phone=None, inquiry=None)
    empty = a_booking(start=START + HOUR, company="", phone="", inquiry="", time_zone="", locale="")
    await done(storage, place(absent), place(empty))
    assert await storage.booking(absent.id) == absent
    assert await storage.booking(empty.id) == empty


async def test_answers_keep_their_order(storage: Storage):
    booking = a_booking(answers={"zebra": "1", "ant": "2", "A": "3", "": "4"})
    await done(storage, place(booking))
    stored = await storage.booking(booking.id)
    assert list(stored.answers.items()) == list(booking.answers.items())


@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("audience", Audience)
async def test_each_kind_of_message_comes_back(
    storage: Storage, kind: MessageKind, audience: Audience
):
    booking = a_booking()
    message = a_message(booking, kind=kind, audience=audience, expires_at=START)
    await done(storage, place(booking, message))
    [stored] = await storage.messages([booking.id])
    assert stored == message
    assert (type(stored.kind), type(stored.audience)) == (MessageKind, Audience)


async def test_a_message_keeps_its_booking_through_a_change(storage: Storage):
    booking = full("before")
    message = a_message(booking)
    await done(storage, place(booking, message), change(changed(booking, name="after")))
    assert await storage.messages([booking.id]) == [message]
    [due] = await claim_due(storage)
    assert due.booking == booking


async def test_an_id_of_the_products_own_making_comes_back(storage: Storage):
    booking = a_booking(id=new_id(NOW))
    await done(storage, place(booking))
    assert (await storage.booking(booking.id)).id == booking.id


async def test_services_come_oldest_first_and_change_in_place(storage: Storage):
    known = await storage.services()
    times = [NOW + timedelta(minutes=n) for n in range(1, 4)]
    first, second, third = [
        a_service(id=new_id(when), created_at=when, updated_at=when) for when in times
    ]
    await done(storage, SaveService(third), SaveService(first), SaveService(second))
    assert (await storage.services())[-3:] == [first, second, third]
    newer = replace(
        second,
        name="New",
        version=2,
        buffer_before=5,
        buffer_after=10,
        needs_confirmation=True,
        reminders=(),
        updated_at=NOW + HOUR,
    )
    await done(storage, SaveService(newer))
    assert (await storage.services())[-3:] == [first, newer, third]
    assert len(await storage.services()) == len(known) + 3


async def test_resources_come_oldest_first_and_change_in_place(storage: Storage):
    known = await storage.resources()
    times = [NOW + timedelta(minutes=n) for n in range(1, 4)]
    first, second, third = [
        a_resource(id=new_id(when), created_at=when, updated_at=when) for when in times
    ]
    await done(storage, SaveResource(third), SaveResource(first), SaveResource(second))
    assert (await storage.resources())[-3:] == [first, second, third]
    newer = replace(second, name="New", version=2, time_zone="Asia/Tokyo", updated_at=NOW + HOUR)
    await done(storage, SaveResource(newer))
    assert (await storage.resources())[-3:] == [first, newer, third]
    assert len(await storage.resources()) == len(known) + 3


async def test_keys_come_oldest_first_and_change_in_place(storage: Storage):
    times = [NOW + timedelta(minutes=n) for n in range(3)]
    first, second, third = [a_key(id=new_id(when), created_at=when) for when in times]
    first = replace(first, scope=Scope.PUBLISHABLE)
    await done(storage, SaveKey(third), SaveKey(first), SaveKey(second))
    assert await storage.keys() == [first, second, third]
    newer = replace(second, name="old", expires_at=NOW + HOUR, revoked_at=NOW)
    await done(storage, SaveKey(newer))
    assert await storage.keys() == [first, newer, third]


async def test_a_service_in_use_can_be_saved(storage: Storage):
    service = a_service()
    booking = a_booking(service_id=service.id)
    renamed = replace(service, name="Renamed", version=2)
    await done(storage, SaveService(service), place(booking), SaveService(renamed))
    assert await storage.booking(booking.id) == booking
