"""How many bookings a second, and how long each takes, beside the ceilings."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks import slots
from benchmarks.load import Order, Report, drive
from benchmarks.plan import Plan, Say
from benchmarks.process import resident_megabytes
from benchmarks.servers import Running, Server, running
from benchmarks.sink import Sink

CLIENTS = (1, 32, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """The medians of all rounds of one server with so many clients.

    `rate` in bookings and `mails` in mails a second; `ratio` is the rate as a part of the second
    ceiling's in the same round; latencies in ms; processors used (1.0 is a whole core);
    `resident` is the memory after the round in MB.
    """

    server: str
    clients: int
    rate: float
    ratio: float
    p50: float
    p99: float
    server_cpu: float
    load_cpu: float
    mails: float
    resident: float


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of a server."""

    report: Report
    mails: float
    resident: float


@dataclass(slots=True)
class Contender:
    """A server in the comparison, the next slot it has free, and its rounds by clients."""

    server: Server
    next_slot: int = 0
    rounds: dict[int, list[Round]] = field(default_factory=lambda: {n: [] for n in CLIENTS})

    def take_turn(self, plan: Plan, sink: Sink) -> None:
        """Start the server, measure it once with each number of clients, and stop it."""
        with running(self.server) as process:
            for clients in CLIENTS:
                self.rounds[clients].append(self._round(process, plan, sink, clients))

    def _round(self, process: Running, plan: Plan, sink: Sink, clients: int) -> Round:
        begun, before = time.perf_counter(), sink.taken()
        report = drive(_order(process, plan, clients, self.next_slot))
        mails = (sink.taken() - before) / (time.perf_counter() - begun)
        self.next_slot = report.next_slot
        return Round(report, mails, resident_megabytes(process.pid))

    def figures(self, clients: int, reference: "Contender") -> Bookings:
        """Sum up the rounds with so many clients."""
        reports = [turn.report for turn in self.rounds[clients]]
        ceilings = [turn.report for turn in reference.rounds[clients]]
        return Bookings(
            server=self.server.name,
            clients=clients,
            rate=median(report.rate for report in reports),
            ratio=median(a.rate / b.rate for a, b in zip(reports, ceilings, strict=True)),
            p50=median(report.p50 for report in reports),
            p99=median(report.p99 for report in reports),
            server_cpu=median(report.server_cpu for report in reports),
            load_cpu=median(report.load_cpu for report in reports),
            mails=median(turn.mails for turn in self.rounds[clients]),
            resident=median(turn.resident for turn in self.rounds[clients]),
        )


def compare(
    servers: Sequence[Server], reference: Server, plan: Plan, sink: Sink, say: Say
) -> list[Bookings]:
    """Let all servers take turns, another one first in every round."""
    contenders = [Contender(server) for server in servers]
    for number in range(plan.rounds):
        first = number % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            say(f"{contender.server.name}: bookings, round {number + 1} of {plan.rounds}")
            contender.take_turn(plan, sink)
    ceiling = contenders[servers.index(reference)]
    return [each.figures(clients, ceiling) for each in contenders for clients in CLIENTS]


def answer_size(server: Server) -> int:
    """Book the last slots, for a moment; the length in bytes of an answer's body."""
    moment = Plan(seconds=0.2, warmup=0.1)
    with running(server) as process:
        return drive(_order(process, moment, clients=1, first=slots.COUNT - 10_000)).size


def _order(process: Running, plan: Plan, clients: int, first: int) -> Order:
    return Order(
        pid=process.pid,
        port=process.port,
        key=process.key,
        clients=clients,
        seconds=plan.seconds,
        warmup=plan.warmup,
        first=first,
    )
