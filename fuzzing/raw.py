"""Broken requests by the ten thousand, on raw sockets."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from benchmarks.servers import healthy
from fuzzing import judge, requests
from fuzzing.mutations import case
from fuzzing.requests import Keys, Request
from fuzzing.wire import NoAnswerError, ask, ask_well

AT_ONCE = 32
PAGE = 200


@dataclass
class Findings:
    """What was seen."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    placed: set[str] = field(default_factory=set)
    stored: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def attack(
    port: int, keys: Keys, seed: int, cases: int, say: Callable[[str], None]
) -> Findings:
    """Send that many broken requests, then look at what they left behind."""
    findings, begun, before = Findings(), time.monotonic(), datetime.now(UTC)
    keys = await _furnished(port, keys)
    numbers = iter(range(1, cases + 1))

    async def client() -> None:
        for number in numbers:
            await _one(port, case(seed, number, keys), number, findings)
            if number % 1000 == 0:
                say(f"{number} of {cases} requests, {len(findings.wrong)} complaints")

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    findings.seconds = time.monotonic() - begun
    if not await asyncio.to_thread(healthy, port):
        findings.wrong.append("the daemon is not well afterwards")
    await _look_at_what_is_stored(port, keys, before, findings)
    return findings


async def _furnished(port: int, keys: Keys) -> Keys:
    """Make what is there to be changed; what the bookings are of stays as it is."""

    async def made(request: Request) -> dict[str, Any]:
        answer = await ask_well(port, request.bytes())
        return dict(json.loads(answer.body))

    def new(several: str, document: Any) -> Request:
        return Request("POST", f"/api/{several}", keys.writing).with_json(document)

    booking = await made(new("bookings", requests.booking(0)))
    return replace(
        keys,
        booking=booking["id"],
        token=booking["manageUrl"].partition("#")[2],
        service=(await made(new("services", requests.SERVICE)))["id"],
        resource=(await made(new("resources", requests.RESOURCE)))["id"],
        webhook=(await made(new("webhooks", requests.WEBHOOK)))["id"],
    )


async def _one(port: int, raw: bytes, number: int, findings: Findings) -> None:
    try:
        answers = await ask(port, raw)
    except (NoAnswerError, OSError) as error:
        findings.wrong.append(f"case {number}: {error!r:.300} to {raw[:300]!r}")
        return
    findings.sent += 1
    for answer in answers:
        findings.statuses[answer.status] += 1
        complaint = judge.complaint(answer)
        if complaint:
            findings.wrong.append(f"case {number}: {complaint:.300} to {raw[:300]!r}")
        elif answer.headers.get("location", "").startswith("/api/bookings/"):
            findings.placed.add(json.loads(answer.body)["id"])


async def _look_at_what_is_stored(
    port: int, keys: Keys, before: datetime, findings: Findings
) -> None:
    """Every booking that was answered 201 is there, and none that should have been refused."""
    found = await _all_bookings(port, keys)
    findings.stored = len(found)
    for booking in found:
        complaint = judge.written(booking, before)
        if complaint:
            findings.wrong.append(f"stored: {complaint}: {booking}")
    lost = findings.placed - {booking["id"] for booking in found}
    if lost:
        findings.wrong.append(f"answered 201 and not stored: {sorted(lost)[:5]}")


async def _all_bookings(port: int, keys: Keys) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/bookings?limit={PAGE}&cursor={cursor}"
        request = Request("GET", path, [("Authorization", f"Bearer {keys.admin}")])
        answer = await ask_well(port, request.bytes())
        page = json.loads(answer.body)
        found += page["data"]
        cursor = page["pagination"]["nextCursor"]
    return found
