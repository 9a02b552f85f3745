"""Secrets of the installation's own."""

import asyncio

from storage.interface import Storage
from storage.writes import KeepSecret
from tests.conftest import Doors
from tests.records import answer, done


async def test_the_first_is_kept_for_good(storage: Storage, doors: Doors):
    assert await done(storage, KeepSecret("links", "first")) == ["first"]
    assert await done(storage, KeepSecret("links", "second")) == ["first"]
    assert await done(storage, KeepSecret("other", "second")) == ["second"]
    await doors.close(storage)
    assert await answer(await doors.open(), KeepSecret("links", "third")) == "first"


async def test_daemons_that_start_together_have_the_same(storage: Storage, doors: Doors):
    there = [storage, *[await doors.beside() for _ in range(3)]]
    asked = [KeepSecret("links", str(number)) for number in range(20)]
    kept = await asyncio.gather(*[answer(there[n % 4], write) for n, write in enumerate(asked)])
    assert len(set(kept)) == 1
    assert kept[0] in {write.secret for write in asked}
