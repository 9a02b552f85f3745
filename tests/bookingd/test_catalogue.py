"""The offer: what a booking is of, what it cannot be of, and when a change is seen."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd import catalogue, fresh
from bookingd.catalogue import UNNAMED, Catalogue, NotOffered, Offer, created, edited
from storage.interface import Storage
from storage.model import Resource, Service
from storage.writes import SaveResource, SaveService
from tests.records import HOUR, NOW, OTHER_ROOM, OTHER_SERVICE, ROOM, SERVICE, a_service, done
from tests.records import a_resource as a_room

GONE = a_service(archived_at=NOW)
CLOSED = a_room(archived_at=NOW)
CHAIR = a_room(name="Chair", service_ids=(OTHER_SERVICE.id,))


def offer(services: Sequence[Service], resources: Sequence[Resource]) -> Offer:
    return Offer({one.id: one for one in services}, {one.id: one for one in resources})


WIDE = offer([SERVICE, OTHER_SERVICE, GONE], [ROOM, OTHER_ROOM, CHAIR, CLOSED])


def refused(of: Offer, service_id: str | None, resource_id: str | None) -> tuple[str, str]:
    with pytest.raises(NotOffered) as refusal:
        of.choose(service_id, resource_id)
    return refusal.value.field, str(refusal.value)


def test_what_is_named_is_taken():
    assert WIDE.choose(OTHER_SERVICE.id, ROOM.id) == (OTHER_SERVICE, [ROOM])
    assert WIDE.choose(OTHER_SERVICE.id, CHAIR.id) == (OTHER_SERVICE, [CHAIR])


def test_the_only_one_needs_no_name():
    few = offer([GONE, SERVICE], [CLOSED, ROOM])
    for service_id in (None, SERVICE.id):
        for resource_id in (None, ROOM.id):
            assert few.choose(service_id, resource_id) == (SERVICE, [ROOM])


def test_a_resource_that_offers_one_service_says_which():
    assert WIDE.choose(None, CHAIR.id) == (OTHER_SERVICE, [CHAIR])


def test_a_service_that_one_resource_offers_says_with_whom():
    chair = a_room(service_ids=(SERVICE.id,))
    few = offer([SERVICE, OTHER_SERVICE], [chair, CHAIR])
    assert few.choose(SERVICE.id, None) == (SERVICE, [chair])
    assert few.choose(OTHER_SERVICE.id, None) == (OTHER_SERVICE, [CHAIR])


def test_of_several_services_one_has_to_be_named():
    for resource_id in (None, ROOM.id):
        assert refused(WIDE, None, resource_id) == ("serviceId", "Is needed: there are several.")


def test_any_resource_that_offers_the_service_will_do():
    assert WIDE.choose(SERVICE.id, None) == (SERVICE, [ROOM, OTHER_ROOM])
    assert WIDE.choose(OTHER_SERVICE.id, None) == (OTHER_SERVICE, [ROOM, OTHER_ROOM, CHAIR])


def test_where_there_is_none_none_is_booked():
    assert refused(offer([GONE], [ROOM]), None, None)[0] == "serviceId"
    assert refused(offer([SERVICE], [CLOSED]), None, None)[0] == "resourceId"
    assert refused(offer([SERVICE], [CHAIR]), SERVICE.id, None)[0] == "resourceId"
    assert refused(offer([SERVICE], [CHAIR]), None, CHAIR.id)[0] == "serviceId"


def test_what_is_not_there_is_told_by_its_field():
    assert refused(WIDE, ROOM.id, ROOM.id) == ("serviceId", "Does not exist.")
    assert refused(WIDE, SERVICE.id, SERVICE.id) == ("resourceId", "Does not exist.")


def test_what_is_archived_is_told_by_its_field():
    assert refused(WIDE, GONE.id, ROOM.id)[0] == "serviceId"
    assert refused(WIDE, SERVICE.id, CLOSED.id)[0] == "resourceId"


def test_what_a_resource_does_not_offer_is_told():
    assert refused(WIDE, SERVICE.id, CHAIR.id) == ("resourceId", "Does not offer this service.")


def test_an_archived_service_is_still_that_of_its_bookings():
    assert WIDE.service(GONE.id) == GONE


ANNA, BEN = a_room(name="Anna"), a_room(name="Ben")
HAIRCUT, PLAIN = a_service(name="Haircut"), a_service(name=UNNAMED)


@pytest.mark.parametrize(
    ("service", "services", "resources", "names"),
    [
        (PLAIN, [PLAIN], [ANNA], (None, None)),
        (HAIRCUT, [HAIRCUT], [ANNA], ("Haircut", None)),
        (PLAIN, [PLAIN, HAIRCUT], [ANNA], (UNNAMED, None)),
        (PLAIN, [PLAIN, replace(HAIRCUT, archived_at=NOW)], [ANNA], (None, None)),
        (HAIRCUT, [HAIRCUT], [ANNA, BEN], ("Haircut", "Anna")),
        (PLAIN, [PLAIN], [ANNA, BEN], (UNNAMED, "Anna")),
        (HAIRCUT, [HAIRCUT], [ANNA, replace(BEN, archived_at=NOW)], ("Haircut", None)),
        (HAIRCUT, [HAIRCUT], [ANNA, replace(BEN, service_ids=(PLAIN.id,))], ("Haircut", None)),
        (OTHER_SERVICE, [HAIRCUT], [ANNA, BEN], (None, None)),
    ],
)
def test_a_name_is_told_where_it_tells_something(
    service: Service,
    services: Sequence[Service],
    resources: Sequence[Resource],
    names: tuple[str | None, str | None],
):
    assert offer(services, resources).names(service.id, ANNA.id) == names


def test_a_resource_offers_what_exists():
    WIDE.check({"service_ids": (SERVICE.id, GONE.id)})
    with pytest.raises(NotOffered) as refusal:
        WIDE.check({"service_ids": (SERVICE.id, ROOM.id)})
    assert refusal.value.field == "serviceIds.1"


def test_what_is_created_is_at_its_first_version():
    service = created(Service, {"name": "Massage", "durations": (30, 60)}, NOW)
    assert (service.name, service.durations, service.version) == ("Massage", (30, 60), 1)
    assert service.created_at == service.updated_at == NOW
    assert service.archived_at is None


def test_an_edit_counts_and_no_edit_does_not():
    after = edited(SERVICE, {"name": "Other"}, NOW + HOUR)
    assert (after.name, after.version, after.updated_at) == ("Other", 2, NOW + HOUR)
    for nothing in ({}, {"name": SERVICE.name}, {"archived": False}):
        assert edited(SERVICE, nothing, NOW + HOUR) is SERVICE


def test_into_the_archive_once_and_out_again():
    archived = edited(ROOM, {"archived": True}, NOW + HOUR)
    assert (archived.archived_at, archived.version) == (NOW + HOUR, 2)
    assert edited(archived, {"archived": True}, NOW + 2 * HOUR) is archived
    back = edited(archived, {"archived": False, "name": "Back"}, NOW + 2 * HOUR)
    assert (back.archived_at, back.name, back.version) == (None, "Back", 3)


async def test_the_offer_knows_what_is_kept(storage: Storage):
    found = await Catalogue(storage).get()
    assert found.services[OTHER_SERVICE.id] == OTHER_SERVICE
    assert found.resources[OTHER_ROOM.id] == OTHER_ROOM
    assert list(found.services) == sorted(found.services)


async def test_a_change_by_another_daemon_is_seen_after_a_second(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    clock = [1000.0]
    monkeypatch.setattr(fresh.time, "monotonic", lambda: clock[0])
    catalogue = Catalogue(storage)
    await catalogue.get()
    service = a_service(name="Massage", created_at=NOW + timedelta(days=1))
    await done(storage, SaveService(service))
    assert service.id not in (await catalogue.get()).services
    clock[0] += 1.01
    assert (await catalogue.get()).services[service.id] == service


async def test_holidays_are_loaded_beside_the_loop_and_once(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    met: list[tuple[str, bool]] = []

    def are_known(region: str) -> bool:
        met.append((region, threading.current_thread() is threading.main_thread()))
        return True

    monkeypatch.setattr(catalogue, "are_known", are_known)
    rooms = [a_room(holidays=region) for region in ("DE-BY", None, "DE", "DE-BY")]
    await done(storage, *map(SaveResource, rooms))
    kept = Catalogue(storage)
    for _ in range(2):
        await kept.get()
        kept.forget()
    assert met == [("DE", False), ("DE-BY", False)]


async def test_a_change_by_ourselves_is_seen_at_once(storage: Storage):
    catalogue = Catalogue(storage)
    await catalogue.get()
    service = a_service(name="Massage")
    await done(storage, SaveService(service))
    catalogue.forget()
    assert (await catalogue.get()).services[service.id] == service
