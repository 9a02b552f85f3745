"""The OpenAPI document: complete, right, and of use to others."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from marshmallow import Schema
from openapi_spec_validator import OpenAPIV31SpecValidator

from bookingd import __version__
from bookingd.api.application import application
from bookingd.api.docs.openapi import EVERYWHERE, document
from bookingd.api.errors import Code
from storage.model import Scope
from tests.bookingd.api.conftest import House, a_body
from tests.bookingd.api.contract import Contract
from tests.bookingd.conftest import ADMIN, a_config


@pytest.fixture(scope="module")
def app() -> web.Application:
    with pytest.warns(web.NotAppKeyWarning):
        return application(a_config())


@pytest.fixture(scope="module")
def contract(app: web.Application) -> Contract:
    return Contract(app)


@pytest.fixture(scope="module")
def made(contract: Contract) -> dict[str, Any]:
    return contract.document


def operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in made["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def handler(app: web.Application, method: str, path: str) -> Any:
    [found] = [
        route.handler
        for route in app.router.routes()
        if route.resource and (route.method, route.resource.canonical) == (method, path)
    ]
    return found


def test_it_is_openapi(made: dict[str, Any]):
    assert made["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []


def test_every_route_is_in_it(app: web.Application, made: dict[str, Any]):
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    assert {(method, path) for method, path, _ in operations(made)} == routes


def test_it_says_what_it_is(made: dict[str, Any]):
    assert made["info"].items() >= {"title": "bookingd", "version": __version__}.items()
    assert made["info"]["license"]["identifier"] == "MIT"
    assert made["info"]["description"]
    assert all(tag["description"] for tag in made["tags"])


def test_every_operation_is_told_in_full(made: dict[str, Any]):
    tags = {tag["name"] for tag in made["tags"]}
    assert {tag for _, _, operation in operations(made) for tag in operation["tags"]} == tags
    ids = Counter(operation["operationId"] for _, _, operation in operations(made))
    assert set(ids.values()) == {1}
    for method, path, operation in operations(made):
        assert operation["summary"], (method, path)
        assert any(int(status) < 300 for status in operation["responses"]), (method, path)


def test_links_lead_to_operations_that_take_what_they_give(made: dict[str, Any]):
    by_id = {operation["operationId"]: operation for _, _, operation in operations(made)}
    links = [
        link
        for operation in by_id.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert links
    for link in links:
        taken = {one.get("name") for one in by_id[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= taken


def test_whom_an_operation_is_open_to(app: web.Application, made: dict[str, Any]):
    for method, path, operation in operations(made):
        scopes = handler(app, method, path).__scopes__
        named = {Scope(scope) for one in operation["security"] for scope in one.get("key", ())}
        assert named == scopes
        assert {"401", "403"} <= operation["responses"].keys() or not scopes
        assert ("Open to anybody" in operation["description"]) == (not scopes)


def test_a_key_that_shows_more_may_be_sent(made: dict[str, Any]):
    with_more = [
        made["paths"][path]["get"]
        for noun in ("services", "resources")
        for path in (f"/api/{noun}", f"/api/{noun}/{{id}}")
    ] + [made["paths"][f"/api/resources/{{id}}/{part}"]["get"] for part in ("hours", "closures")]
    assert [one["security"] for one in with_more] == [[{}, {"key": []}]] * 6
    assert made["paths"]["/api/health"]["get"]["security"] == []


def test_the_parameters_of_each_path_are_there(made: dict[str, Any]):
    for _, path, operation in operations(made):
        named = {one["name"] for one in operation["parameters"] if one.get("in") == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_every_code_is_there_with_its_meaning(made: dict[str, Any], contract: Contract):
    said = made["components"]["schemas"]["Error"]["properties"]["errorCode"]
    for code in Code:
        assert f"`{code.text}` ({code.status}): {code.meaning}" in said["description"]
        assert code.text in said["enum"]
    assert len(said["enum"]) == len({code.text for code in Code})


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.METHOD_NOT_ALLOWED}, key=str))
def test_every_code_is_an_error_of_some_operation(contract: Contract, code: Code):
    assert any(
        code.text in examples(contract, operation, code.status)
        for _, _, operation in operations(contract.document)
    )


def test_what_may_happen_everywhere_is_told_everywhere(contract: Contract):
    for _, _, operation in operations(contract.document):
        for code in EVERYWHERE:
            assert code.text in examples(contract, operation, code.status)


def test_who_watches_the_daemon_meets_no_limit_unless_by_a_key(contract: Contract):
    unlimited = {
        path
        for _, path, operation in operations(contract.document)
        if "429" not in operation["responses"]
    }
    assert unlimited == {"/api/health", "/api/health/db", "/livez", "/readyz"}


def test_what_follows_from_a_body_is_told_wherever_one_is_taken(contract: Contract):
    for _, _, operation in operations(contract.document):
        has_body = "requestBody" in operation
        for status in ("408", "413", "415"):
            assert (status in operation["responses"]) == has_body


def examples(contract: Contract, operation: Any, status: int) -> Any:
    response = contract.resolved(operation["responses"].get(str(status), {}))
    return response.get("content", {}).get("application/json", {}).get("examples", {})


def test_every_example_of_a_response_is_as_its_schema_says(contract: Contract):
    seen = 0
    for method, path, operation in operations(contract.document):
        for response in map(contract.resolved, operation["responses"].values()):
            content = response["content"].get("application/json", {})
            if "$ref" not in content.get("schema", {}):
                continue
            values = [one["value"] for one in content.get("examples", {}).values()]
            for value in [*values, *([content["example"]] if "example" in content else [])]:
                contract.validator(content["schema"]["$ref"]).validate(json.loads(dumped(value)))
                seen += 1
            assert values or "example" in content, (method, path)
    assert seen > len(Code)


def dumped(value: Any) -> str:
    return json.dumps(value, default=str)


def test_every_example_of_a_body_is_taken_and_is_as_its_schema_says(
    app: web.Application, contract: Contract
):
    for method, path, operation in operations(contract.document):
        if "requestBody" not in operation:
            continue
        [taken] = handler(app, method, path).__schemas__
        schema: Schema = taken["schema"]
        content = operation["requestBody"]["content"]["application/json"]
        assert schema.load(content["example"])
        contract.validator(content["schema"]["$ref"]).validate(content["example"])


def test_bodies_are_closed(contract: Contract):
    for _, _, operation in operations(contract.document):
        if "requestBody" in operation:
            ref = operation["requestBody"]["content"]["application/json"]["schema"]
            assert contract.resolved(ref)["additionalProperties"] is False


def test_what_is_required_of_every_booking_is_required(made: dict[str, Any]):
    schemas = made["components"]["schemas"]
    assert schemas["NewBooking"]["required"] == ["email", "timeSlot"]
    assert schemas["NewBooking"]["properties"]["company"]["type"] == ["string", "null"]
    assert "required" not in schemas["EditedBooking"]


def test_pages_of_other_origins_change_nothing_in_it(made: dict[str, Any]):
    with pytest.warns(web.NotAppKeyWarning):
        other = document(application(a_config(cors_origins=("https://www.example.org",))))
    assert dumped(other) == dumped(made)


async def test_it_is_open_to_anybody(house: House):
    answer = await house.call("GET", "/api/docs", key=None)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.body == json.loads(dumped(house.contract.document))


async def test_the_page_and_its_parts_are_open_to_anybody(house: House):
    page = await house.call("GET", "/api/docs/ui", key=None)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) == 4
    for part in parts:
        async with house.client.get(f"/api/docs/{part}") as response:
            assert response.status == 200
            assert len(await response.read()) > 50


@pytest.mark.parametrize(
    "name", ["nothing.js", "index.html", "swagger-ui.js", "..%2fdocs.py", "%2e%2e%2fdocs.py"]
)
async def test_no_other_file_is_given_away(house: House, name: str):
    assert (await house.call("GET", f"/api/docs/ui/{name}")).status == 404


def test_a_start_loads_nothing_of_it():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, bookingd.app; print(*sys.modules, sep='\\n')",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "bookingd.api.docs" in loaded
    assert not {"bookingd.api.docs.openapi", "swagger_ui", "yaml"} & set(loaded)


async def test_a_generated_client_places_lists_and_cancels(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    generate(house.contract.document, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    from generated import AuthenticatedClient
    from generated.api.bookings import bookings_cancel, bookings_create, bookings_listing
    from generated.models import BookingsListingStatusItem, BookingStatus, NewBooking

    wanted = BookingsListingStatusItem.CONFIRMED
    url = str(house.client.make_url(""))
    async with AuthenticatedClient(base_url=url, token=ADMIN) as client:
        body = NewBooking.from_dict(a_body())
        placed = await bookings_create.asyncio(client=client, body=body)
        taken = await bookings_create.asyncio(client=client, body=body)
        assert taken.error_code.value == "SLOT_TAKEN"
        assert len(taken.next_available) == 3

        listed = await bookings_listing.asyncio(client=client, status=[wanted], limit=5)
        assert [one.to_dict() for one in listed.data] == [placed.to_dict()]

        cancelled = await bookings_cancel.asyncio(placed.id, client=client)
        assert (cancelled.id, cancelled.status) == (placed.id, BookingStatus.CANCELLED)
        listed = await bookings_listing.asyncio(client=client, status=[wanted])
        assert listed.data == []


def generate(made: dict[str, Any], folder: Path) -> None:
    """A client by openapi-python-client, as the package `generated`."""
    (folder / "openapi.json").write_text(dumped(made))
    (folder / "settings.json").write_text('{"post_hooks": []}')
    subprocess.run(
        [
            *(Path(sys.executable).with_name("openapi-python-client"), "generate"),
            *("--meta", "none", "--path", "openapi.json", "--output-path", "generated"),
            *("--config", "settings.json", "--fail-on-warning"),
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )
