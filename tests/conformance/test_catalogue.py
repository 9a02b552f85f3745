"""Services and resources: new, changed, and changed by two at once."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from storage.errors import NotFound, StaleVersion, StorageError
from storage.ids import new_id
from storage.interface import Storage
from storage.model import Closure, Question, QuestionType
from storage.writes import SaveResource, SaveService, Write
from tests.conftest import Doors
from tests.records import (
    HOUR,
    NOW,
    OTHER_SERVICE,
    SERVICE,
    a_booking,
    a_resource,
    a_service,
    answer,
    done,
    place,
)

A_SERVICE = a_service(
    description="With a wash.\nAnd a cut.",
    durations=(90, 30, 60),
    price="45 €",
    colour="#00aaFF",
    buffer_before=5,
    buffer_after=10,
    slot_step=15,
    minimum_notice=120,
    horizon=60,
    daily_cap=5,
    weekly_cap=20,
    capacity=12,
    required_fields=("name", "phone"),
    questions=(
        Question(label="Length of hair", required=True),
        Question(label="Colour", type=QuestionType.CHOICE, choices=("red", "green")),
    ),
    change_notice=1440,
    needs_confirmation=True,
    reminders=(2880, 60),
)
A_RESOURCE = a_resource(
    description="On the first floor",
    email="grace@example.org",
    time_zone="Asia/Tokyo",
    service_ids=(OTHER_SERVICE.id, SERVICE.id),
    hours={"monday": ("09:00-12:00", "13:00-24:00"), "friday": ("22:00-02:00",), "sunday": ()},
    closures=(
        Closure(id=new_id(NOW), first=date(2026, 12, 24), last=date(2027, 1, 1), reason="Holidays"),
        Closure(
            id=new_id(NOW), first=date(2026, 5, 4), last=date(2026, 5, 4), hours=("10:00-11:00",)
        ),
    ),
    holidays="DE-BY",
)
NOUNS = [
    pytest.param(SaveService, A_SERVICE, id="service"),
    pytest.param(SaveResource, A_RESOURCE, id="resource"),
]
each_noun = pytest.mark.parametrize(("save", "record"), NOUNS)


async def kept(storage: Storage, record: Any) -> Any:
    """The record as it is kept."""
    records = [*await storage.services(), *await storage.resources()]
    return next((one for one in records if one.id == record.id), None)


def next_version(record: Any, **fields: Any) -> Any:
    return replace(record, version=record.version + 1, updated_at=NOW + HOUR, **fields)


@each_noun
async def test_every_field_comes_back(storage: Storage, save: type[Write[None]], record: Any):
    await done(storage, save(record))
    assert await kept(storage, record) == record
    archived = next_version(record, name="Other", archived_at=NOW + HOUR)
    await done(storage, save(archived))
    assert await kept(storage, record) == archived
    back = next_version(archived, archived_at=None)
    await done(storage, save(back))
    assert await kept(storage, record) == back


async def test_lists_may_be_emptied(storage: Storage):
    await done(storage, SaveService(A_SERVICE), SaveResource(A_RESOURCE))
    service = next_version(A_SERVICE, durations=())
    resource = next_version(A_RESOURCE, service_ids=())
    await done(storage, SaveService(service), SaveResource(resource))
    assert await kept(storage, service) == service
    assert await kept(storage, resource) == resource


@each_noun
@pytest.mark.parametrize("version", [1, 2, 4, 9])
async def test_only_the_version_after_the_one_kept_is_taken(
    storage: Storage, save: type[Write[None]], record: Any, version: int
):
    second = next_version(record, name="Second")
    await done(storage, save(record), save(second))
    outcome = await answer(storage, save(replace(record, name="Late", version=version)))
    assert type(outcome) is StaleVersion
    assert await kept(storage, record) == second


@each_noun
async def test_what_is_not_there_cannot_be_changed(
    storage: Storage, save: type[Write[None]], record: Any
):
    outcome = await answer(storage, save(replace(record, id=new_id(NOW), version=2)))
    assert type(outcome) is NotFound
    assert await kept(storage, record) is None


@each_noun
async def test_of_many_changes_of_one_version_one_is_made(
    doors: Doors, save: type[Write[None]], record: Any
):
    storages = [await doors.open(), await doors.beside()]
    await done(storages[0], save(record))
    changes = [next_version(record, name=f"by {number}") for number in range(10)]
    outcomes = await asyncio.gather(
        *(answer(storages[number % 2], save(change)) for number, change in enumerate(changes))
    )
    [winner] = [one for one, outcome in zip(changes, outcomes, strict=True) if outcome is None]
    assert sum(type(outcome) is StaleVersion for outcome in outcomes) == 9
    assert await kept(storages[0], record) == winner


async def test_a_refused_change_leaves_its_batch_alone(storage: Storage):
    booking = a_booking()
    stale = SaveService(replace(SERVICE, version=9))
    writes: list[Write[Any]] = [stale, place(booking), SaveService(next_version(SERVICE))]
    outcomes: list[Any | StorageError] = await storage.commit(writes)
    assert [type(outcome) for outcome in outcomes] == [StaleVersion, type(None), type(None)]
    assert await storage.booking(booking.id) == booking
