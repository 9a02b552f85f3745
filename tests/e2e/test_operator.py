"""What an operator sees of a daemon: metrics, jobs, keys, and health while all else hangs."""

import asyncio
import json
import time
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Daemon, eventually, faults, log_lines
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox

OPERATOR_KEY = "e2e-operator-key-for-tests-only"


async def scraped(daemon: Daemon, key: str) -> dict[str, float]:
    """The samples, by name and labels as they stand there."""
    headers = {"Authorization": f"Bearer {key}"}
    async with daemon.http.get("/metrics", headers=headers) as answer:
        assert answer.status == 200
        text = await answer.text()
    families = text_string_to_metric_families(text)
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


async def test_metrics_tell_what_happened(daemons: Daemons, mailbox: Mailbox):
    daemon = await daemons.start(BOOKINGD_OPERATOR_KEY=OPERATOR_KEY)
    await daemon.book(booking())
    assert (await daemon.post(booking())).status == 409

    async def mailed() -> bool:
        return (await scraped(daemon, OPERATOR_KEY)).get("bookingd_mails_total sent") == 2

    await eventually(mailed)
    found = await scraped(daemon, OPERATOR_KEY)
    assert found["bookingd_http_requests_total POST /api/bookings 201"] == 1
    assert found["bookingd_http_requests_total POST /api/bookings 409"] == 1
    assert found["bookingd_writes_total done"] == 1
    assert found["bookingd_writes_total slot_taken"] == 1
    assert found["bookingd_database_up"] == 1
    assert found["bookingd_http_connections"] >= 1
    assert found["bookingd_job_last_success_timestamp_seconds drain"] > time.time() - 60
    assert found["bookingd_mail_last_success_timestamp_seconds"] > time.time() - 60
    assert found["process_resident_memory_bytes"] < 100_000_000

    async def none_due() -> bool:
        found = (await daemon.get("/api/health/jobs")).body
        return found["outbox"]["due"] == 0 and found["mail"]["lastSuccess"] is not None

    await eventually(none_due)
    assert faults(daemon.err) == []


async def test_when_a_key_was_last_used_is_noted_at_the_latest_at_the_end(daemon: Daemon):
    made = await daemon.run("keys", "create", "scraper", "--scope", "operator", "--json")
    key = json.loads(made.out)

    async def works() -> bool:
        return (await daemon.ask("GET", "/api/health/jobs", key=key["key"])).status == 200

    async def listed() -> Any:
        [found] = json.loads((await daemon.run("keys", "list", "--json")).out)
        return found["lastUsedAt"]

    await eventually(works)
    assert await listed() is None
    assert await daemon.stop() == 0
    assert await listed()


async def test_a_rolled_key_and_its_successor_both_work_until_the_grace_is_over(daemon: Daemon):
    old = json.loads((await daemon.run("keys", "create", "a", "--scope", "admin", "--json")).out)
    kept = json.loads((await daemon.run("keys", "roll", old["id"], "--json")).out)
    ended = await daemon.run("keys", "roll", kept["id"], "--grace", "0", "--json")
    last = json.loads(ended.out)

    async def statuses() -> list[int]:
        keys = [one["key"] for one in (old, kept, last)]
        return [(await daemon.ask("GET", "/api/bookings", key=key)).status for key in keys]

    async def settled() -> bool:
        return await statuses() == [200, 401, 200]

    await eventually(settled)


async def test_health_answers_at_once_while_nothing_can_be_written(
    daemon: Daemon, behind: Database
):
    async with behind.held():
        stuck = [asyncio.create_task(daemon.post(booking(number))) for number in range(50)]
        await eventually(behind.kept_waiting, every=0.01)
        for path in ("/api/health", "/livez") * 10:
            assert (await daemon.ask("GET", path, key=None)).status == 200
        assert not any(task.done() for task in stuck)
    await asyncio.gather(*stuck)


async def test_a_trace_stands_in_the_lines_of_its_request_alone(daemon: Daemon):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "X-Request-Id": "mine"}
    found = await daemon.ask("GET", "/api/bookings", headers=headers)
    assert found.headers["X-Request-Id"] == "mine"
    await daemon.get("/api/health")
    lines = [line for line in log_lines(daemon.err) if line["message"] == "request"]
    assert {line["requestId"] for line in lines if line.get("traceId") == trace} == {"mine"}
    assert sum("traceId" in line for line in lines) == 1
