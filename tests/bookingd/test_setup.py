"""What a file makes of what is kept."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd import setup
from bookingd.business import read
from bookingd.catalogue import Offer
from bookingd.setup import NotClear, Outcome, Plan, plan
from storage.model import Closure, Resource, Service
from tests.records import APPOINTMENT, DAY, HOUR, NOW, OFFICE, ROOM, SERVICE, a_resource, a_service

BEGUN = [a_service(id=APPOINTMENT, name="Appointment")], [a_resource(id=OFFICE, name="Office")]
CLOSURE = Closure(id=ROOM.id, first=date(2027, 12, 24), last=date(2027, 12, 24), reason="x")


def offer(services: list[Service], resources: list[Resource]) -> Offer:
    return Offer({one.id: one for one in services}, {one.id: one for one in resources})


def planned(text: str, services: list[Service] = [], resources: list[Resource] = []) -> Plan:  # noqa: B006
    return plan(read(text), offer(services, resources), NOW + HOUR)


def outcomes(found: Plan) -> list[tuple[str, str]]:
    return [(step.after.name, step.outcome.value) for step in found.steps]


def carried_out(found: Plan, services: list[Service], resources: list[Resource]) -> Any:
    """What is kept once the plan has been carried out."""
    kept: dict[str, Any] = {one.id: one for one in [*services, *resources]}
    for write in found.writes():
        record = getattr(write, "service", None) or write.resource  # type: ignore[attr-defined]
        kept[record.id] = record
    return (
        [one for one in kept.values() if isinstance(one, Service)],
        [one for one in kept.values() if isinstance(one, Resource)],
    )


HAIRDRESSER = """
services = [{name = "Cut", durations = [30]}, {name = "Wash"}]
[[resources]]
name = "Grace"
services = ["Wash", "Cut"]
hours.monday = ["09:00-12:00"]
closures = [{first = 2027-12-24, last = 2027-12-26, reason = "Christmas"}]
"""


def test_what_is_not_there_is_created_and_what_was_there_to_begin_with_archived():
    found = planned(HAIRDRESSER, *BEGUN)
    assert outcomes(found) == [
        ("Cut", "created"),
        ("Wash", "created"),
        ("Appointment", "archived"),
        ("Grace", "created"),
        ("Office", "archived"),
    ]
    cut, wash, gone, grace, _ = [step.after for step in found.steps]
    assert cut.durations == (30,)
    assert grace.service_ids == (wash.id, cut.id)
    assert grace.hours == {"monday": ("09:00-12:00",)}
    [closure] = grace.closures
    assert (closure.first, closure.last) == (date(2027, 12, 24), date(2027, 12, 26))
    assert (closure.hours, closure.reason) == ((), "Christmas")
    assert gone.archived_at == NOW + HOUR


def test_a_second_time_nothing_changes():
    kept = carried_out(planned(HAIRDRESSER, *BEGUN), *BEGUN)
    again = planned(HAIRDRESSER, *kept)
    assert {outcome for _, outcome in outcomes(again)} == {"unchanged"}
    assert again.writes() == []


def test_what_the_file_no_longer_says_is_as_if_it_were_new():
    kept = a_service(name="Cut", durations=(30,), price="9", daily_cap=5, reminders=(60,))
    [step] = planned('services = [{name = "Cut", price = "9"}]', [kept]).steps
    assert step.outcome is Outcome.CHANGED
    assert (step.after.id, step.after.version) == (kept.id, 2)
    assert (step.after.durations, step.after.daily_cap, step.after.reminders) == ((), None, None)
    assert (step.after.price, step.after.created_at) == ("9", kept.created_at)


def test_what_the_file_does_not_name_stays():
    found = planned('services = [{name = "Cut"}]', [SERVICE], [ROOM])
    assert outcomes(found) == [("Cut", "created")]


def test_closures_stay_and_those_of_the_same_days_become_as_the_file_has_them():
    grace = a_resource(name="Grace", closures=(CLOSURE,))
    text = 'resources = [{name = "Grace", closures = [{first = 2027-12-24, hours = %s}, %s]}]'
    [step] = planned(text % ('["10:00-12:00"]', "{first = 2028-01-01}"), [], [grace]).steps
    first, second = step.after.closures
    assert (first.id, first.hours, first.reason) == (CLOSURE.id, ("10:00-12:00",), None)
    assert second.first == second.last == date(2028, 1, 1)
    [step] = planned('resources = [{name = "Grace"}]', [], [grace]).steps
    assert step.outcome is Outcome.UNCHANGED


def test_what_is_archived_comes_back():
    gone = a_service(name="Cut", archived_at=NOW)
    [step] = planned('services = [{name = "Cut"}]', [gone]).steps
    assert (step.outcome, step.after.archived_at) == (Outcome.CHANGED, None)


def test_of_one_name_the_one_that_is_not_archived_is_meant():
    gone, kept = a_service(name="Cut", archived_at=NOW), a_service(name="Cut")
    [step] = planned('services = [{name = "Cut"}]', [gone, kept]).steps
    assert step.before == kept


@pytest.mark.parametrize(
    "kept",
    [
        a_service(id=APPOINTMENT, name="Appointment", version=2),
        a_service(id=APPOINTMENT, name="Appointment", archived_at=NOW),
    ],
)
def test_what_somebody_has_changed_is_left_alone(kept: Service):
    assert outcomes(planned('services = [{name = "Cut"}]', [kept])) == [("Cut", "created")]


def test_a_file_without_services_of_its_own_leaves_the_first_one():
    text = 'resources = [{name = "Grace"}]'
    assert outcomes(planned(text, *BEGUN)) == [("Grace", "created"), ("Office", "archived")]


def test_what_a_resource_offers_is_not_archived():
    text = 'services = [{name = "Cut"}]\nresources = [{name = "Grace", services = ["Appointment"]}]'
    assert ("Appointment", "archived") not in outcomes(planned(text, *BEGUN))


def refused(text: str, services: list[Service] = [], resources: list[Resource] = []) -> Any:  # noqa: B006
    with pytest.raises(NotClear) as refusal:
        planned(text, services, resources)
    return refusal.value.wrong


def test_two_of_one_name_are_not_told_apart():
    wrong = refused('services = [{name = "Cut"}]', [a_service(name="Cut"), a_service(name="Cut")])
    assert wrong.keys() == {("services", "0", "name")}


def test_a_service_that_is_not_there_is_told():
    wrong = refused('resources = [{name = "Grace", services = ["Cut", "Wash"]}]',
                    [a_service(name="Wash"), a_service(name="Cut", archived_at=NOW)])  # fmt: skip
    path = ("resources", "0", "services", "0")
    assert wrong == {path: "There is no service called Cut."}


def test_there_are_only_so_many_closures(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(setup, "MOST_CLOSURES", 1)
    text = 'resources = [{name = "Grace", closures = [{first = 2028-01-01}]}]'
    wrong = refused(text, [], [a_resource(name="Grace", closures=(CLOSURE,))])
    assert wrong.keys() == {("resources", "0", "closures")}


NAMES = st.sampled_from(["Cut", "Wash", "Appointment"])
DAYS = st.dates(date(2027, 1, 1), date(2027, 1, 3))
CLOSURES = st.builds(
    lambda first, length, hours: {
        "first": first,
        "last": first + length * DAY,
        **({"hours": ("09:00-10:00",)} if hours else {}),
    },
    DAYS,
    st.integers(0, 1),
    st.booleans(),
)
SERVICES = st.fixed_dictionaries(
    {"name": NAMES}, optional={"durations": st.just((30,)), "price": st.none() | st.just("9")}
)
RESOURCES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Grace", "Office"]),
        "services": st.lists(NAMES, max_size=2, unique=True),
        "closures": st.lists(CLOSURES, max_size=3),
    },
    optional={"hours": st.just({"monday": ("09:00-12:00",)})},
)


def entries(one: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(one, max_size=3, unique_by=lambda entry: entry["name"])


BUSINESSES = st.fixed_dictionaries({"services": entries(SERVICES), "resources": entries(RESOURCES)})


@given(st.lists(BUSINESSES, min_size=1, max_size=3))
def test_whatever_files_came_before_nothing_goes_and_a_second_time_nothing_changes(
    businesses: list[Any],
):
    kept: Any = BEGUN
    for business in businesses:
        try:
            found = plan(business, offer(*kept), NOW + HOUR)
        except NotClear:
            continue  # it names a service that is not there
        before, kept = closures(*kept), carried_out(found, *kept)
        assert before <= closures(*kept)
        assert plan(business, offer(*kept), NOW + 2 * HOUR).writes() == []


def closures(services: list[Service], resources: list[Resource]) -> set[tuple[str, str]]:
    """The ids of all records, with those of their closures."""
    alone = {(one.id, "") for one in [*services, *resources]}
    return alone | {(one.id, closure.id) for one in resources for closure in one.closures}
