"""What is measured: histograms, commits by outcome, mails by outcome, the event loop."""

import asyncio
import time
from typing import Any

import pytest

from bookingd import measures as module
from bookingd.measures import BOUNDS, Histogram, MeasuredChannel, MeasuredDesk, Measures
from schedules.channels import Deferred, DeliveryError, Mail, Rejected, Uncertain, Unreachable
from storage.errors import SlotTaken, StaleVersion, Unavailable
from storage.interface import Storage
from tests.deadlines import until_true
from tests.records import NOW, a_booking, change, changed, place

MAIL = Mail(message_id="1@example.org", sender="", recipient="", content=b"")


def test_a_histogram_counts_up_to_and_with_each_bound():
    histogram = Histogram()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.01, BOUNDS[-1], BOUNDS[-1] * 2):
        histogram.add(seconds)
    counts = histogram.cumulative
    assert len(counts) == len(BOUNDS) + 1
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (2, 3, 4, 5)
    assert histogram.sum == pytest.approx(BOUNDS[0] * 2.01 + BOUNDS[-1] * 3)


def test_requests_are_counted_by_route_and_status():
    measures = Measures()
    for status in (201, 201, 409):
        measures.request("POST", "/api/bookings", status, 0.01)
    measures.request("GET", "/api/bookings", 200, 0.02)
    assert measures.requests == {
        ("POST", "/api/bookings", 201): 2,
        ("POST", "/api/bookings", 409): 1,
        ("GET", "/api/bookings", 200): 1,
    }
    assert measures.durations["POST", "/api/bookings"].cumulative[-1] == 3
    assert measures.durations["GET", "/api/bookings"].sum == 0.02


async def test_a_commit_counts_its_writes_by_outcome(storage: Storage):
    measures = Measures()
    desk = MeasuredDesk(storage, lambda: None, measures)
    booking = a_booking()
    writes = [place(booking), place(a_booking()), change(changed(changed(booking)))]
    asking = [asyncio.create_task(desk.ask(write)) for write in writes]
    await asyncio.sleep(0)
    desk.close()
    await desk.run()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), SlotTaken, StaleVersion]
    assert measures.writes == {"Done": 1, "SlotTaken": 1, "StaleVersion": 1}
    assert measures.commits.cumulative[-1] == 1
    assert measures.commits.sum > 0


async def test_it_is_remembered_that_the_database_could_not_write_until_it_can(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    async def full(writes: Any) -> list[Any]:
        return [Unavailable("disk is full") for _ in writes]

    measures, write = Measures(), storage.commit
    desk = MeasuredDesk(storage, lambda: None, measures)
    running = asyncio.create_task(desk.run())
    monkeypatch.setattr(storage, "commit", full)
    with pytest.raises(Unavailable):
        await desk.ask(place(a_booking()))
    assert measures.unwritten == "disk is full"
    monkeypatch.setattr(storage, "commit", write)
    await desk.ask(place(a_booking()))
    assert measures.unwritten is None
    with pytest.raises(SlotTaken):
        await desk.ask(place(a_booking()))
    assert measures.unwritten is None
    desk.close()
    await running


async def test_a_commit_that_fails_is_counted_too(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    async def unavailable(writes: Any) -> list[Any]:
        return [Unavailable() for _ in writes]

    async def broken(_: Any) -> list[Any]:
        raise ValueError

    measures = Measures()
    for commit, error in ((unavailable, Unavailable), (broken, ValueError)):
        monkeypatch.setattr(storage, "commit", commit)
        desk = MeasuredDesk(storage, lambda: None, measures)
        running = asyncio.create_task(desk.run())
        with pytest.raises(error):
            await desk.ask(place(a_booking()))
        desk.close()
        await asyncio.gather(running, return_exceptions=True)
    assert measures.writes == {"Unavailable": 1, "ValueError": 1}
    assert measures.commits.cumulative[-1] == 2


async def test_who_goes_away_is_counted_as_unseen(storage: Storage):
    measures = Measures()
    desk = MeasuredDesk(storage, lambda: None, measures)
    asking = asyncio.create_task(desk.ask(place(a_booking())))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    desk.close()
    await desk.run()
    assert measures.writes == {"Unseen": 1}


class Relay:
    """A channel that fails as told."""

    def __init__(self, error: DeliveryError | None = None) -> None:
        self._error = error
        self.closed = False

    async def send(self, mail: Mail) -> None:
        if self._error:
            raise self._error

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("kind", [Unreachable, Deferred, Rejected, Uncertain])
async def test_a_mail_that_fails_is_counted_by_how(kind: type[DeliveryError]):
    measures = Measures()
    channel = MeasuredChannel(Relay(kind("no")), measures, lambda: NOW)
    with pytest.raises(kind):
        await channel.send(MAIL)
    assert (measures.mails, measures.mailed_at) == ({kind.__name__: 1}, None)


async def test_a_mail_that_leaves_is_counted_with_its_moment():
    measures, relay = Measures(), Relay()
    channel = MeasuredChannel(relay, measures, lambda: NOW)
    await channel.send(MAIL)
    await channel.close()
    assert (measures.mails, measures.mailed_at, relay.closed) == ({"Sent": 1}, NOW, True)


async def test_a_loop_that_is_held_up_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LAG_EVERY", 0.01)
    measures = Measures()
    watching = asyncio.create_task(measures.watch_the_loop())
    await asyncio.sleep(0)
    time.sleep(0.15)  # noqa: ASYNC251 - this is what is to be seen
    await until_true(lambda: measures.lag.cumulative[-1] > 0)
    watching.cancel()
    assert measures.lag.sum > 0.1
