"""If-None-Match: what the client has is not sent again."""

import pytest

from tests.bookingd.api.conftest import House
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import APPOINTMENT, OFFICE

PATHS = [
    "/api/bookings",
    "/api/bookings?cursor=&limit=1",
    "/api/services",
    f"/api/services/{APPOINTMENT}",
    "/api/resources",
    f"/api/resources/{OFFICE}",
]


async def ask(house: House, path: str, tag: str, **options: str | None) -> tuple[int, str, str]:
    answer = await house.call("GET", path, headers={"If-None-Match": tag}, **options)
    return answer.status, answer.headers["ETag"], answer.text


@on_both
async def test_a_booking_is_sent_again_when_it_has_changed(house: House):
    path = f"/api/bookings/{(await house.place())['id']}"
    assert await ask(house, path, '"1"') == (304, '"1"', "")
    assert (await house.call("PUT", path, json={"name": "Other"})).status == 200
    status, tag, text = await ask(house, path, '"1"')
    assert (status, tag) == (200, '"2"')
    assert "Other" in text


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_known_is_not_sent_again(house: House, path: str):
    await house.place()
    first = await house.call("GET", path)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        assert await ask(house, path, known) == (304, tag, "")
    for unknown in ('"x"', tag.strip('"'), "", "x, y", "W/", f'"{tag}'):
        assert await ask(house, path, unknown) == (200, tag, first.text)


@pytest.mark.parametrize("path", PATHS)
async def test_a_tag_changes_with_what_is_told(house: House, path: str):
    placed = await house.place()
    tag = (await house.call("GET", path)).headers["ETag"]
    for changed, body in (
        (f"/api/bookings/{placed['id']}", {"status": "CANCELLED"}),
        (f"/api/services/{APPOINTMENT}", {"name": "Other"}),
        (f"/api/resources/{OFFICE}", {"name": "Other"}),
    ):
        assert (await house.call("PATCH", changed, json=body)).status == 200
    status, after, _ = await ask(house, path, tag)
    assert (status, after == tag) == (200, False)


@pytest.mark.parametrize("path", PATHS[2:])
async def test_what_a_customer_has_is_not_what_an_administrator_asks_for(house: House, path: str):
    tags = {(await house.call("GET", path, key=key)).headers["ETag"] for key in (None, PUBLIC)}
    [tag] = tags
    assert (await ask(house, path, tag))[0] == 200
    assert (await ask(house, path, tag, key=None))[0] == 304
    known = await house.call("GET", path, key=None, headers={"If-None-Match": tag})
    assert (known.status, known.headers["Vary"]) == (304, "Authorization, Origin")


@pytest.mark.parametrize("path", PATHS[2:])
async def test_browsers_keep_what_anybody_may_see_and_nothing_else(house: House, path: str):
    for key, kept in ((None, "no-cache"), (PUBLIC, "no-cache"), (ADMIN, "no-store")):
        answer = await house.call("GET", path, key=key)
        known = {"If-None-Match": answer.headers["ETag"]}
        again = await house.call("GET", path, key=key, headers=known)
        assert (answer.status, again.status) == (200, 304)
        assert {one.headers["Cache-Control"] for one in (answer, again)} == {kept}


async def test_no_answer_to_a_change_is_left_out(house: House):
    path = f"/api/bookings/{(await house.place())['id']}"
    headers = {"If-None-Match": "*"}
    answer = await house.call("PUT", path, json={"name": "Other"}, headers=headers)
    assert (answer.status, answer.body["name"]) == (200, "Other")
