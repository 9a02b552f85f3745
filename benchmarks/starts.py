"""How soon a daemon answers after its start, and how much memory it takes."""

import time
from dataclasses import dataclass
from statistics import median

from benchmarks.plan import Plan
from benchmarks.process import resident_megabytes
from benchmarks.servers import Server, running


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from the start of the process to its first 200, and MB resident when idle."""

    server: str
    fastest: float
    median: float
    resident: float


def measure(server: Server, plan: Plan) -> Start:
    """Start a daemon several times on a database that exists; leave it idle the last time."""
    seconds = []
    for _ in range(plan.starts):
        with running(server) as process:
            seconds.append(process.seconds)
            last = len(seconds) == plan.starts
            if last:
                time.sleep(plan.idle)
                resident = resident_megabytes(process.pid)
    return Start(
        server=server.name, fastest=min(seconds), median=median(seconds), resident=resident
    )
