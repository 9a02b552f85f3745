"""The redate job."""

import pytest

from schedules.redate import redate
from storage.errors import Unavailable
from storage.interface import Storage
from storage.model import MessageState
from tests.records import HOUR, NOW, a_booking, a_message, claim, done, place

BACK = NOW - HOUR


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_was_owed_while_the_clock_ran_ahead_leaves_after_all(
    storage: Storage, caplog: pytest.LogCaptureFixture
):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking, due=NOW)))
    assert await claim(storage, now=BACK) == []
    assert await redate(storage, BACK) == 1
    assert "messages redated" in caplog.text
    [claimed] = await claim(storage, now=BACK)
    assert claimed.state is MessageState.LEASED
    caplog.clear()
    assert await redate(storage, BACK) == 0
    assert not caplog.records


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_it_fails_with_its_storage(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    async def gone(_: object) -> list[object]:
        return [Unavailable("gone")]

    monkeypatch.setattr(storage, "commit", gone)
    with pytest.raises(Unavailable):
        await redate(storage, BACK)
