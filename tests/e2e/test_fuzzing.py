"""A few hundred requests; `make fuzz` and `make fuzz-raw` send thousands."""

import asyncio

import pytest

from fuzzing.documented import attack as documented_attack
from fuzzing.raw import attack
from fuzzing.requests import Keys
from tests.e2e.daemon import ADMIN_KEY, PUBLIC_KEY, Daemon, faults

CASES = 300


async def test_broken_requests_are_all_answered_and_leave_nothing_behind(daemon: Daemon):
    findings = await attack(daemon.port, Keys(ADMIN_KEY, PUBLIC_KEY), 11, CASES, lambda _: None)
    assert findings.wrong == []
    assert findings.sent == CASES
    assert findings.statuses[400] > CASES / 3
    assert findings.placed
    assert findings.stored >= len(findings.placed)
    assert faults(daemon.err) == []
    assert "Traceback" not in daemon.err


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_api_is_as_its_document_says(daemon: Daemon):
    runs = ("examples,stateful",)
    verdict = await asyncio.to_thread(documented_attack, daemon.port, ADMIN_KEY, 11, 2, runs)
    assert verdict.complaints(least=20) == []
    assert verdict.complaints(least=verdict.cases + 1) != []
    assert faults(daemon.err) == []
