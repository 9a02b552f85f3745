"""That the check of every response against the document sees drift."""

from typing import Any

import orjson
import pytest
from aiohttp import web

from bookingd.api import present
from tests.bookingd.api.conftest import UNKNOWN, House, a_body


def spoil(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let every body that goes out be changed first."""

    def spoiled(body: Any, *, headers: Any = None) -> web.Response:
        changed = change(orjson.loads(orjson.dumps(body)))
        return web.json_response(changed, headers=headers)

    monkeypatch.setattr(present, "json", spoiled)


def seen(house: House) -> str:
    """The drift that was noticed; the test has expected it."""
    found = "\n".join(house.drift)
    house.drift.clear()
    return found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body | {"extra": 1}, "'extra'"),
        (lambda body: {k: v for k, v in body.items() if k != "status"}, '"status" is a required'),
        (lambda body: body | {"status": "OPEN"}, '"OPEN" is not one of'),
        (lambda body: body | {"duration": "60"}, '"60" is not of type "integer"'),
        (lambda body: body | {"endTime": "2026-03-09 10:00"}, 'is not a "date-time"'),
        (lambda body: body | {"timeSlot": {}}, "['timeSlot']"),
        (lambda body: body | {"company": 5}, "['company']"),
    ],
)
async def test_a_body_that_is_not_as_the_document_says_is_seen(
    house: House, monkeypatch: pytest.MonkeyPatch, change: Any, told: str
):
    spoil(monkeypatch, change)
    answer = await house.call("POST", "/api/bookings", json=a_body())
    assert answer.status == 201
    assert told in seen(house)


async def test_a_status_a_code_and_a_header_that_are_not_documented_are_seen(house: House):
    operation = house.contract.operation("GET", "/api/bookings/{id}")
    responses = operation["responses"]
    before = dict(responses)
    try:
        del responses["404"]
        await house.call("GET", f"/api/bookings/{UNKNOWN}")
        assert "status 404 is not documented" in seen(house)

        responses["404"] = {"$ref": "#/components/responses/UNAUTHORIZED"}
        await house.call("GET", f"/api/bookings/{UNKNOWN}")
        assert "there is no header WWW-Authenticate" in seen(house)

        responses["404"] = {"$ref": "#/components/responses/FORBIDDEN"}
        await house.call("GET", f"/api/bookings/{UNKNOWN}")
        assert "NOT_FOUND is not documented" in seen(house)
    finally:
        responses.clear()
        responses.update(before)
