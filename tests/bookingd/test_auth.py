"""The keyring: which key a request carries."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bookingd import fresh
from bookingd.auth import Caller, Keyring, Unauthorized
from bookingd.keys import new_key
from storage.errors import Unavailable
from storage.interface import Storage
from storage.model import ApiKey, Scope
from storage.writes import SaveKey
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config, on_both
from tests.records import DAY, HOUR, NOW, done

OPERATOR = "an operator's key of the environment"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def keyring(storage: Storage, time: Time) -> Keyring:
    return Keyring(a_config(operator_key=OPERATOR), storage, time)


async def kept(
    storage: Storage, *, scope: Scope = Scope.ADMIN, **fields: Any
) -> tuple[str, ApiKey]:
    secret, key = new_key("front desk", scope, NOW)
    key = replace(key, **fields)
    await done(storage, SaveKey(key))
    return f"Bearer {secret}", key


@pytest.mark.parametrize(("secret", "scope"), [(ADMIN, Scope.ADMIN), (PUBLIC, Scope.PUBLISHABLE),
                                               (OPERATOR, Scope.OPERATOR)])  # fmt: skip
async def test_keys_of_the_environment_work_without_a_database(
    keyring: Keyring, storage: Storage, secret: str, scope: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage, "keys", None)
    assert (await keyring.caller(f"Bearer {secret}")).scope is scope


@on_both
@pytest.mark.parametrize("scope", Scope)
async def test_a_kept_key_is_known_with_its_name_scope_and_origins(
    keyring: Keyring, storage: Storage, scope: Scope
):
    header, key = await kept(storage, scope=scope, origins=("https://example.org",))
    assert await keyring.caller(header) == Caller(key.id, key.name, scope, key.origins)


async def test_a_mistyped_key_is_told_from_an_unknown_one_without_a_look_up(
    keyring: Keyring, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    async def keys() -> Sequence[ApiKey]:
        asked.append(1)
        return []

    monkeypatch.setattr(storage, "keys", keys)
    header, _ = await kept(storage)
    mistyped = header[:-8] + ("a" if header[-8] != "a" else "b") + header[-7:]
    with pytest.raises(Unauthorized, match="mistyped"):
        await keyring.caller(mistyped)
    assert not asked
    with pytest.raises(Unauthorized, match="not known"):
        await keyring.caller(header)
    assert asked


@pytest.mark.parametrize(
    ("origins", "given", "welcome"),
    [
        ((), None, True),
        ((), "https://anywhere.example", True),
        (("https://a.org", "https://b.org"), "https://b.org", True),
        (("https://a.org",), None, False),
        (("https://a.org",), "", False),
        (("https://a.org",), "null", False),
        (("https://a.org",), "http://a.org", False),
        (("https://a.org",), "https://a.org:8443", False),
        (("https://a.org",), "https://a.org.evil.example", False),
        (("https://a.org",), "https://sub.a.org", False),
    ],
)
def test_where_a_key_is_welcome_from(origins: tuple[str, ...], given: str | None, welcome: bool):
    assert Caller("id", "web", Scope.PUBLISHABLE, origins).welcome_from(given) is welcome


@on_both
async def test_the_last_use_is_noted_and_only_when_asked_to(
    keyring: Keyring, storage: Storage, time: Time, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fresh, "SECONDS", -1.0)
    header, key = await kept(storage)
    _, unused = await kept(storage)
    await keyring.caller(header)
    time.now = NOW + HOUR
    await keyring.caller(header)
    assert await storage.keys() == [key, unused]
    await keyring.note_use()
    assert await storage.keys() == [replace(key, last_used_at=NOW + HOUR), unused]


async def test_what_is_refused_is_no_use(keyring: Keyring, storage: Storage):
    headers = [
        (await kept(storage, **end))[0] for end in ({"revoked_at": NOW}, {"expires_at": NOW})
    ]
    for header in headers:
        with pytest.raises(Unauthorized):
            await keyring.caller(header)
    await keyring.note_use()
    assert {key.last_used_at for key in await storage.keys()} == {None}


async def test_nothing_is_written_when_no_key_was_used(
    keyring: Keyring, storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    await keyring.caller(f"Bearer {ADMIN}")
    monkeypatch.setattr(storage, "commit", None)
    await keyring.note_use()


async def test_a_use_that_could_not_be_noted_is_noted_later(
    keyring: Keyring, storage: Storage, time: Time, monkeypatch: pytest.MonkeyPatch
):
    header, _ = await kept(storage)
    await keyring.caller(header)

    async def refuse(_: Any) -> list[Any]:
        return [Unavailable()]

    with monkeypatch.context() as outage:
        outage.setattr(storage, "commit", refuse)
        with pytest.raises(Unavailable):
            await keyring.note_use()
    await keyring.note_use()
    assert [key.last_used_at for key in await storage.keys()] == [NOW]


async def test_a_key_is_found_among_thousands_as_fast_as_alone(keyring: Keyring, storage: Storage):
    header, _ = await kept(storage)
    await done(
        storage, *[SaveKey(new_key("other", Scope.ADMIN, NOW + DAY)[1]) for _ in range(2000)]
    )
    await keyring.caller(header)
    compared = 0

    class Counting(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    found = keyring._kept._value
    keyring._kept._value = {Counting(digest): key for digest, key in found.items()}
    await keyring.caller(header)
    assert compared < 10
