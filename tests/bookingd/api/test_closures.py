"""When a resource is open: the hours of its week, and its closures."""

import asyncio
from typing import Any

import pytest

from bookingd import catalogue
from bookingd.keys import new_key
from storage.ids import is_id
from storage.model import Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import Answer, House, assert_error
from tests.bookingd.conftest import PUBLIC, on_both
from tests.records import NOW, OFFICE, SERVICE, done

PATH = f"/api/resources/{OFFICE}"
HOURS = {"monday": ["09:00-12:30", "14:00-18:00"], "saturday": ["22:00-04:00"]}
CLOSURES = f"{PATH}/closures"


async def close(house: House, **fields: Any) -> Any:
    answer = await house.call("POST", CLOSURES, json={"first": "2027-12-24"} | fields)
    assert answer.status == 201, answer.text
    return answer.body


async def closures(house: House, key: str | None = None) -> Any:
    answer = await house.call("GET", CLOSURES, key=key)
    assert (answer.status, set(answer.body)) == (200, {"data"})
    return answer.body["data"]


async def version(house: House) -> int:
    answer = await house.call("GET", PATH)
    return int(answer.body["version"])


@on_both
async def test_the_hours_of_a_week_are_set_and_seen(house: House):
    answer = await house.call("PUT", f"{PATH}/hours", json={"hours": HOURS})
    assert (answer.status, answer.body) == (200, {"hours": HOURS})
    assert answer.headers["ETag"] == '"2"'
    for key in (None, PUBLIC):
        read = await house.call("GET", f"{PATH}/hours", key=key)
        assert (read.status, read.body) == (200, {"hours": HOURS})
        assert (await house.call("GET", PATH, key=key)).body["hours"] == HOURS
    again = await house.call("PUT", f"{PATH}/hours", json={"hours": HOURS})
    assert again.headers["ETag"] == '"2"'
    gone = await house.call("PUT", f"{PATH}/hours", json={"hours": None})
    assert (gone.status, gone.body) == (200, {"hours": None})


@on_both
async def test_a_closure_is_made_seen_and_taken_back(house: House):
    made = await close(house, last="2027-12-31", reason="Between the years")
    assert is_id(made["id"])
    expected = {
        "id": made["id"],
        "first": "2027-12-24",
        "last": "2027-12-31",
        "hours": [],
        "reason": "Between the years",
    }
    assert made == expected
    assert await closures(house, key=house.config.admin_key) == [made]
    answer = await house.call("DELETE", f"{CLOSURES}/{made['id']}")
    assert (answer.status, answer.text) == (204, "")
    assert await closures(house) == []
    assert await version(house) == 3
    gone = await house.call("DELETE", f"{CLOSURES}/{made['id']}")
    assert_error(gone, 404, "NOT_FOUND")


async def test_a_day_and_other_hours_are_a_closure_too(house: House):
    made = await close(house, hours=["10:00-14:00"])
    assert (made["first"], made["last"]) == ("2027-12-24", "2027-12-24")
    assert (made["hours"], made["reason"]) == (["10:00-14:00"], None)


async def test_closures_are_listed_by_their_days(house: House):
    for first in ("2027-12-24", "2027-05-01", "2027-08-01"):
        await close(house, first=first)
    days = [one["first"] for one in await closures(house)]
    assert days == ["2027-05-01", "2027-08-01", "2027-12-24"]


async def test_why_it_is_closed_is_seen_by_who_reads_everything(house: House):
    await close(house, reason="Operation")
    secret, key = new_key("reports", Scope.READ_ONLY, NOW)
    await done(house.storage, SaveKey(key))
    for shown, seen in ((None, False), (PUBLIC, False), (secret, True)):
        [one] = await closures(house, key=shown)
        assert ("reason" in one) == seen
    answer = await house.call("GET", CLOSURES)
    assert answer.headers["Vary"] == "Authorization, Origin"


async def test_what_has_not_changed_is_not_sent_again(house: House):
    for key in (None, house.config.admin_key):
        for part, body in (("hours", {"hours": HOURS}), ("closures", {"first": "2027-12-24"})):
            path = f"{PATH}/{part}"
            tag = (await house.call("GET", path, key=key)).headers["ETag"]
            known = {"If-None-Match": tag}
            assert (await house.call("GET", path, key=key, headers=known)).status == 304
            await house.call("PUT" if part == "hours" else "POST", path, json=body)
            assert (await house.call("GET", path, key=key, headers=known)).status == 200
        await house.call("PUT", f"{PATH}/hours", json={"hours": {}})


async def test_hours_are_changed_in_the_version_that_was_read(house: House):
    tag = (await house.call("GET", f"{PATH}/hours")).headers["ETag"]
    for expected in (200, 412):
        answer = await house.call(
            "PUT", f"{PATH}/hours", json={"hours": HOURS}, headers={"If-Match": tag}
        )
        assert answer.status == expected


async def refusals(house: House, headers: Any = None) -> list[Answer]:
    """Answers to a change of each kind."""
    made = f"{CLOSURES}/{(await close(house))['id']}"
    return [
        await house.call("PUT", f"{PATH}/hours", json={"hours": {}}, headers=headers),
        await house.call("POST", CLOSURES, json={"first": "2027-01-01"}, headers=headers),
        await house.call("DELETE", made, headers=headers),
    ]


async def test_a_stale_version_is_refused(house: House):
    for answer in await refusals(house, {"If-Match": '"1"'}):
        assert_error(answer, 412, "STALE_VERSION")
    assert len(await closures(house)) == 1


@on_both
async def test_of_many_at_once_none_is_lost(house: House):
    days = [f"2027-01-{day:02}" for day in range(1, 21)]
    made = await asyncio.gather(*(close(house, first=day) for day in days))
    assert [one["first"] for one in await closures(house)] == days
    gone = [f"{CLOSURES}/{one['id']}" for one in made[::2]]
    await asyncio.gather(*(house.call("DELETE", path) for path in gone))
    assert [one["first"] for one in await closures(house)] == days[1::2]


async def test_an_archived_resource_is_there_for_who_reads_everything(house: House):
    await close(house)
    await house.call("DELETE", PATH)
    for path in (CLOSURES, f"{PATH}/hours"):
        assert_error(await house.call("GET", path, key=None), 404, "NOT_FOUND")
        assert (await house.call("GET", path)).status == 200


async def test_what_is_not_there_is_not_found(house: House):
    nowhere = f"/api/resources/{SERVICE.id}"
    for method, path, body in (
        ("GET", f"{nowhere}/hours", None),
        ("PUT", f"{nowhere}/hours", {"hours": {}}),
        ("GET", f"{nowhere}/closures", None),
        ("POST", f"{nowhere}/closures", {"first": "2027-01-01"}),
        ("DELETE", f"{nowhere}/closures/{SERVICE.id}", None),
        ("DELETE", f"{CLOSURES}/{SERVICE.id}", None),
        ("DELETE", f"{CLOSURES}/x", None),
    ):
        assert_error(await house.call(method, path, json=body), 404, "NOT_FOUND")


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "first"),
    *[({"first": value}, "first") for value in (
        None, 20271224, "", "2027-12-24T00:00:00Z", "24.12.2027", "2027-12-32", "2027-02-29",
        "1999-12-31", "2100-01-01", "2027-1-1", "2027-12-24\n", "20271224", "2027-W51-5",
        "\u0662\u0660\u0662\u0667-12-24")],
    ({"first": "2027-12-24", "last": "2027-12-23"}, "last"),
    ({"first": "2027-12-24", "last": None}, "last"),
    ({"first": "2027-12-24", "hours": None}, "hours"),
    ({"first": "2027-12-24", "hours": ["closed"]}, "hours.0"),
    ({"first": "2027-12-24", "hours": ["09:00-12:00", "11:00-13:00"]}, "hours"),
    ({"first": "2027-12-24", "reason": ""}, "reason"),
    ({"first": "2027-12-24", "reason": "x" * 201}, "reason"),
    ({"first": "2027-12-24", "reason": "a\nb"}, "reason"),
    ({"first": "2027-12-24", "id": SERVICE.id}, "id"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), BAD, ids=[f"{body!a:.60}" for body, _ in BAD])
async def test_what_is_not_right_is_named_and_nothing_written(
    house: House, body: dict[str, Any], field: str
):
    answer = await house.call("POST", CLOSURES, json=body)
    assert_error(answer, 400, "VALIDATION_ERROR", field)
    assert await version(house) == 1


@pytest.mark.parametrize(
    ("body", "field"), [({}, "hours"), ({"hours": 1}, "hours"), ({"hours": {}, "x": 1}, "x")]
)
async def test_hours_that_are_none_are_named(house: House, body: Any, field: str):
    answer = await house.call("PUT", f"{PATH}/hours", json=body)
    assert_error(answer, 400, "VALIDATION_ERROR", field)
    assert await version(house) == 1


async def test_there_are_only_so_many_closures(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue, "MOST_CLOSURES", 2)
    for _ in range(2):
        await close(house)
    answer = await house.call("POST", CLOSURES, json={"first": "2027-12-25"})
    assert_error(answer, 400, "VALIDATION_ERROR", "first")
    assert len(await closures(house)) == 2
