"""API keys."""

import asyncio
from dataclasses import replace

import pytest

from storage.interface import Storage
from storage.model import Scope
from storage.writes import NoteUse, SaveKey
from tests.conftest import Doors
from tests.records import HOUR, INSTANT, NOW, a_key, done


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_of_each_scope_comes_back(storage: Storage, scope: Scope):
    origins = ("https://a.example.org", "http://localhost:8000")
    key = a_key(scope=scope, origins=origins, expires_at=NOW + HOUR)
    await done(storage, SaveKey(key))
    assert await storage.keys() == [key]


async def test_a_revocation_is_for_good(storage: Storage):
    key = a_key()
    await done(storage, SaveKey(replace(key, revoked_at=NOW)))
    for later in (None, NOW + HOUR):
        await done(storage, SaveKey(replace(key, name="again", revoked_at=later)))
        [found] = await storage.keys()
        assert (found.name, found.revoked_at) == ("again", NOW)


async def test_the_last_use_only_moves_on(storage: Storage):
    used, unused = a_key(), a_key()
    await done(storage, SaveKey(used), SaveKey(unused))
    for at, last in ((NOW, NOW), (NOW - INSTANT, NOW), (NOW + INSTANT, NOW + INSTANT)):
        await done(storage, NoteUse({used.id: at}))
        assert await storage.keys() == [replace(used, last_used_at=last), unused]
    await done(storage, SaveKey(replace(used, name="new")))
    [found, _] = await storage.keys()
    assert (found.name, found.last_used_at) == ("new", NOW + INSTANT)


async def test_the_use_of_keys_that_are_gone_is_no_matter(storage: Storage):
    key = a_key()
    await done(storage, SaveKey(key), NoteUse({a_key().id: NOW, key.id: NOW}), NoteUse({}))
    assert await storage.keys() == [replace(key, last_used_at=NOW)]


async def test_daemons_that_note_the_same_keys_do_not_get_in_each_others_way(
    storage: Storage, doors: Doors
):
    keys = [a_key() for _ in range(50)]
    await done(storage, *[SaveKey(key) for key in keys])
    other = await doors.beside()
    there, back = [{key.id: NOW for key in order} for order in (keys, reversed(keys))]
    notes = [done(on, NoteUse(used)) for on, used in ((storage, there), (other, back)) * 10]
    await asyncio.gather(*notes)
    assert {key.last_used_at for key in await storage.keys()} == {NOW}
