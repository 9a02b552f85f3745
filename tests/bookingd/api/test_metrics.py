"""Metrics, read back by Prometheus' own parser."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bookingd import __version__, fresh
from bookingd.api import context, metrics
from storage.errors import Unavailable
from storage.ids import first_id
from storage.interface import Storage
from tests.bookingd.api.conftest import House, Opener, a_body
from tests.bookingd.conftest import on_both
from tests.deadlines import until_true
from tests.records import HOUR, NOW, START, a_booking, a_message, done, place

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", -1.0)


async def scraped(house: House) -> Samples:
    answer = await house.call("GET", "/metrics")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples), "a sample stands twice"
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"bookingd_{name}", frozenset(labels.items())))


@on_both
async def test_requests_are_told_by_route_and_status(house: House):
    for _ in range(2):
        await house.call("POST", "/api/bookings", json=a_body())
    for number in range(5):
        await house.call("GET", f"/api/bookings/{first_id(NOW)[:-1]}{number}")
        await house.call("GET", f"/nowhere/{number}")
        await house.call("PROPFIND", "/api/bookings")
    found = await scraped(house)
    route = "/api/bookings"
    assert value(found, "http_requests_total", method="POST", route=route, status="201") == 1
    assert value(found, "http_requests_total", method="POST", route=route, status="409") == 1
    one = {"method": "GET", "route": "/api/bookings/{id}"}
    assert value(found, "http_requests_total", **one, status="404") == 5
    assert value(found, "http_request_duration_seconds_count", **one) == 5
    assert value(found, "http_request_duration_seconds_bucket", **one, le="+Inf") == 5
    assert value(found, "http_requests_total", method="any", route="none", status="404") == 5
    assert value(found, "http_requests_total", method="any", route="none", status="405") == 5
    assert value(found, "http_requests_in_flight") == 1


async def test_the_labels_are_bounded(house: House):
    before = await scraped(house)
    for number in range(30):
        await house.call("GET", f"/{number}", key=f"key-{number}", params={"q": number})
        await house.call(f"M{number}", f"/api/bookings/{first_id(NOW)[:-1]}{number}")
    after = await scraped(house)
    assert len(after) - len(before) < 40


@on_both
async def test_commits_and_conflicts_are_told(house: House):
    for _ in range(3):
        await house.call("POST", "/api/bookings", json=a_body())
    found = await scraped(house)
    assert value(found, "commit_duration_seconds_count") == 3
    assert value(found, "writes_total", outcome="done") == 1
    assert value(found, "writes_total", outcome="slot_taken") == 2
    assert value(found, "writes_total", outcome="unavailable") == 0
    assert value(found, "desk_waiting") == 0


@on_both
async def test_the_outbox_is_told_by_state_and_age(house: House):
    booking, other = a_booking(), a_booking(start=START + HOUR)
    await done(
        house.storage,
        place(booking, a_message(booking, due=NOW - HOUR)),
        place(other, a_message(other, due=NOW + HOUR)),
    )
    found = await scraped(house)
    states = {"pending": 2, "leased": 0, "dead": 0, "missed": 0}
    for state, count in states.items():
        assert value(found, "outbox_messages", state=state) == count
    assert value(found, "outbox_due") == 1
    assert value(found, "outbox_overdue") == 1
    assert value(found, "outbox_oldest_due_age_seconds") == 3600
    assert value(found, "database_up") == 1
    assert value(found, "database_connections_max") is not None


async def test_an_outbox_in_which_nothing_is_due_has_no_age(house: House):
    assert value(await scraped(house), "outbox_oldest_due_age_seconds") == 0


async def gone(*_: Any) -> None:
    raise Unavailable


async def hanging(*_: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("outage", [gone, hanging])
async def test_without_a_database_the_rest_is_told(
    open_house: Opener, storage: Storage, outage: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(metrics, "HEALTH", 0.05)
    monkeypatch.setattr(storage, "health", outage)
    monkeypatch.setattr(storage, "outbox", outage)
    house = await open_house()
    found = await scraped(house)
    assert value(found, "database_up") == 0
    assert value(found, "outbox_due") is None
    assert value(found, "build_info", version=__version__) == 1


async def test_jobs_mails_and_the_event_loop_are_told(house: House):
    async def well() -> None: ...

    async def ill() -> None:
        raise Unavailable

    measures = house.app[context.MEASURES]
    measures.mails.update(["Sent", "Sent", "Unreachable"])
    measures.mailed_at = NOW
    measures.lag.add(0.2)
    house.scheduler.every(HOUR, "well", well)
    house.scheduler.every(HOUR, "ill", ill)
    await house.scheduler.start()
    await until_true(lambda: all(job.last_run for job in house.scheduler.jobs))
    found = await scraped(house)
    house.scheduler.stop()
    at = NOW.timestamp()
    assert value(found, "job_last_run_timestamp_seconds", job="well") == at
    assert value(found, "job_last_success_timestamp_seconds", job="well") == at
    assert value(found, "job_last_run_timestamp_seconds", job="ill") == at
    assert value(found, "job_last_success_timestamp_seconds", job="ill") is None
    assert value(found, "job_failures_total", job="ill") == 1
    assert value(found, "mails_total", outcome="sent") == 2
    assert value(found, "mails_total", outcome="unreachable") == 1
    assert value(found, "mail_last_success_timestamp_seconds") == at
    assert value(found, "event_loop_lag_seconds_count") == 1
    assert value(found, "event_loop_lag_seconds_bucket", le="0.25") == 1
    assert value(found, "event_loop_lag_seconds_bucket", le="0.1") == 0


async def test_nothing_of_any_customer_is_told(house: House):
    await house.place(name="Canary Name", email="canary@example.org")
    answer = await house.call("GET", "/metrics")
    assert "canary" not in answer.text.lower()
