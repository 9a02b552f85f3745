"""The table in docs/access.md, every cell of it: each route by each kind of key."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bookingd.api.application import application
from bookingd.keys import new_key, new_secret
from storage.model import ApiKey, Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import House, assert_error
from tests.bookingd.conftest import a_config
from tests.records import DAY, NOW, done

DOCUMENT = Path(__file__).parents[3] / "docs" / "access.md"
ID = "00000000-0000-7000-8000-00000000ffff"
PAGE = "https://www.example.org"
CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN"}

KINDS: dict[str, tuple[Scope, dict[str, Any]]] = {
    "expired": (Scope.ADMIN, {"expires_at": NOW}),
    "revoked": (Scope.ADMIN, {"revoked_at": NOW - DAY}),
    "publishable": (Scope.PUBLISHABLE, {"origins": (PAGE,)}),
    "elsewhere": (Scope.PUBLISHABLE, {"origins": ("https://other.example.org",)}),
    "read-only": (Scope.READ_ONLY, {}),
    "operator": (Scope.OPERATOR, {}),
    "calendar": (Scope.CALENDAR, {}),
    "admin": (Scope.ADMIN, {}),
}
"""Kinds of keys that are kept. The others: none, mistyped, unknown."""


def table() -> dict[str, dict[str, str]]:
    """For each route, what each kind of key gets."""
    lines = re.findall(r"^\| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    rows = [[cell.strip().strip("`") for cell in line.split(" | ")] for line in lines]
    [heading] = [row for row in rows if row[0] == "route"]
    cells = [row for row in rows if len(row) == len(heading) and re.match("[A-Z]+ /", row[0])]
    return {row[0]: dict(zip(heading[1:], row[1:], strict=True)) for row in cells}


TABLE = table()


def routes(app: web.Application) -> set[str]:
    """All routes; HEAD comes with GET."""
    found = {(route.method, route.resource) for route in app.router.routes()}
    return {
        f"{method} {resource.canonical}"
        for method, resource in found
        if method != "HEAD" and resource is not None
    }


def a_mistyped_key() -> str:
    secret = new_secret(Scope.ADMIN)
    return secret[:-1] + ("a" if secret[-1] != "a" else "b")


async def keys(house: House) -> dict[str, str | None]:
    """A key of each kind."""
    made: dict[str, str | None] = {
        "none": None,
        "mistyped": a_mistyped_key(),
        "unknown": new_secret(Scope.ADMIN),
    }
    records: list[ApiKey] = []
    for kind, (scope, fields) in KINDS.items():
        made[kind], record = new_key(kind, scope, NOW - 2 * DAY)
        records.append(replace(record, **fields))
    await done(house.storage, *map(SaveKey, records))
    return made


async def found(house: House, method: str, path: str, key: str | None) -> str:
    """What such a request gets; its body holds nothing, so that nothing is changed."""
    body = {"json": {}} if method in {"POST", "PUT", "PATCH"} else {}
    answer = await house.call(method, path, key=key, headers={"Origin": PAGE}, **body)
    if answer.status not in CODES:
        assert answer.status < 500, answer.text
        return "yes"
    if method != "HEAD":
        assert_error(answer, answer.status, CODES[answer.status])
    assert (answer.status == 401) == ("WWW-Authenticate" in answer.headers)
    return str(answer.status)


def test_the_table_has_a_row_for_each_route_and_a_column_for_each_kind_of_key():
    assert TABLE.keys() == routes(application(a_config()))
    kinds = {"none", "mistyped", "unknown", *KINDS}
    assert all(row.keys() == kinds for row in TABLE.values())
    assert {cell for row in TABLE.values() for cell in row.values()} == {"yes", "401", "403"}


@pytest.mark.parametrize("route", TABLE)
async def test_each_kind_of_key_gets_what_the_table_says(house: House, route: str):
    method, _, pattern = route.partition(" ")
    path = re.sub(r"\{\w+\}", ID, pattern)
    made = await keys(house)
    for verb in [method, "HEAD"] if method == "GET" else [method]:
        answers = {kind: await found(house, verb, path, key) for kind, key in made.items()}
        assert answers == TABLE[route]
