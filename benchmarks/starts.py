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
    """Start a daemon several times on a database that exists.

    The first start, which finds no bytecode yet, only gives the memory.
    """
    with running(server) as process:
        time.sleep(plan.idle)
        resident = resident_megabytes(process.pid)
    seconds = [_seconds(server) for _ in range(plan.starts)]
    return Start(
        server=server.name, fastest=min(seconds), median=median(seconds), resident=resident
    )


def _seconds(server: Server) -> float:
    with running(server) as process:
        return process.seconds
