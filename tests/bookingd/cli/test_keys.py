"""`bookingd keys`, on both databases."""

import json
import os
from datetime import datetime, timedelta
from typing import Any

import pytest

from bookingd.keys import digest, well_formed
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import on_both
from tests.records import ROOM


@pytest.fixture(autouse=True)
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    assert run("migrate").exit_code == 0
    return database


def listed() -> list[dict[str, Any]]:
    result = run("keys", "list", "--json")
    assert result.exit_code == 0
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def made(*arguments: str) -> dict[str, Any]:
    result = run("keys", "create", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@on_both
@pytest.mark.parametrize(
    ("scope", "mark"),
    [
        ("admin", "bk_admin_"),
        ("publishable", "bk_pub_"),
        ("read-only", "bk_read_"),
        ("operator", "bk_op_"),
        ("calendar", "bk_cal_"),
    ],
)
def test_a_key_is_made_listed_and_revoked(scope: str, mark: str):
    result = run("keys", "create", "front desk", "--scope", scope, "--days", "30")
    assert result.exit_code == 0
    secret = result.stdout.strip()
    assert secret.startswith(mark)
    assert well_formed(secret)
    [key] = listed()
    assert (key["name"], key["scope"], key["origins"]) == ("front desk", scope, [])
    assert (key["revokedAt"], key["lastUsedAt"]) == (None, None)
    assert secret.startswith(key["prefix"])
    assert instant(key["expiresAt"]) - instant(key["createdAt"]) == timedelta(days=30)
    assert secret not in json.dumps(key)
    assert digest(secret) not in json.dumps(key)
    revoked = run("keys", "revoke", key["id"])
    assert revoked.exit_code == 0
    assert "front desk" in revoked.output
    assert listed()[0]["revokedAt"]


def test_a_key_is_publishable_and_for_ever_unless_told_otherwise():
    assert run("keys", "create", "web site").stdout.startswith("bk_pub_")
    [key] = listed()
    assert (key["scope"], key["expiresAt"]) == ("publishable", None)


def test_a_revocation_keeps_its_time():
    key = made("x")
    first = json.loads(run("keys", "revoke", key["prefix"], "--json").stdout)
    assert first["id"] == key["id"]
    assert first["revokedAt"]
    assert run("keys", "revoke", key["id"]).exit_code == 0
    assert listed()[0]["revokedAt"] == first["revokedAt"]


@pytest.mark.parametrize("command", ["revoke", "roll"])
@pytest.mark.parametrize("given", ["nonsense", "", "bk_pub_", ROOM.id])
def test_a_key_nobody_knows_can_be_neither_revoked_nor_rolled(command: str, given: str):
    made("x")
    assert run("keys", command, given).exit_code == os.EX_DATAERR
    assert len(listed()) == 1


@on_both
def test_a_rolled_key_gives_way_when_the_grace_is_over():
    old = made("web", "--origin", "https://example.org", "--days", "30")
    result = run("keys", "roll", old["prefix"], "--grace", "2", "--json")
    assert result.exit_code == 0
    new = json.loads(result.stdout)
    assert well_formed(new["key"])
    assert new["key"] != old["key"]
    before, after = listed()
    assert (before["id"], after["id"]) == (old["id"], new["id"])
    for name in ("name", "scope", "origins"):
        assert after[name] == old[name]
    assert instant(after["expiresAt"]) - instant(after["createdAt"]) == timedelta(days=30)
    assert instant(before["expiresAt"]) - instant(after["createdAt"]) == timedelta(hours=2)
    assert new["replaces"] == before


def test_a_roll_never_makes_the_old_key_last_longer():
    old = made("web", "--days", "1")
    assert run("keys", "roll", old["id"], "--grace", "8760").exit_code == 0
    assert listed()[0]["expiresAt"] == old["expiresAt"]


def test_for_people_a_roll_prints_the_new_key_and_says_until_when_the_old_one_works():
    old = made("web")
    result = run("keys", "roll", old["id"])
    assert well_formed(result.stdout.strip())
    assert "works until" in result.stderr


@pytest.mark.parametrize("grace", [[], ["--grace", "0"]])
def test_what_no_longer_works_cannot_be_rolled(grace: list[str]):
    revoked, expired = made("revoked"), made("expired")
    run("keys", "revoke", revoked["id"])
    run("keys", "roll", expired["id"], "--grace", "0")
    for key in (revoked, expired):
        assert run("keys", "roll", key["id"], *grace).exit_code == os.EX_DATAERR
    assert len(listed()) == 3


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("HTTPS://WWW.Example.org:443/", "https://www.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(given: str, kept: str):
    assert made("web", "--origin", given)["origins"] == [kept]


@pytest.mark.parametrize("given", ["example.org", "*", "https://", "https://a.org/page", "null", "",
                                   "https://a.org?x=1", "ftp://a.org", "https://u:p@a.org",
                                   "https://a.org:x", "https://*.b", "https://*"])  # fmt: skip
def test_what_is_no_origin_is_refused(given: str):
    assert run("keys", "create", "web", "--origin", given).exit_code == 2
    assert listed() == []


def test_only_publishable_keys_have_origins():
    result = run("keys", "create", "x", "--scope", "admin", "--origin", "https://example.org")
    assert result.exit_code == 2
    assert listed() == []


def test_people_see_how_every_key_begins():
    for name in ("front desk", "the web site of the second shop in the old town"):
        run("keys", "create", name, "--origin", "https://a.example.org")
    output = run("keys", "list").output
    for key in listed():
        assert key["prefix"] in output


def test_no_keys_are_a_list_too():
    assert "no keys" in run("keys", "list").output
    assert listed() == []


@pytest.mark.parametrize("name", ["[red]alert[/red]", "[/nonsense]", "[link=https://x]"])
def test_a_name_is_shown_as_it_is(name: str):
    assert run("keys", "create", name).exit_code == 0
    result = run("keys", "list")
    assert result.exit_code == 0
    assert name in result.output
    assert listed()[0]["name"] == name


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[31mb", "x" * 101])
def test_a_key_without_a_proper_name_is_not_made(name: str):
    assert run("keys", "create", name).exit_code != 0
    assert listed() == []
