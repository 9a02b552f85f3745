"""A few hundred broken requests; `make fuzz-raw` sends fifty thousand."""

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
