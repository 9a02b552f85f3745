"""How many bookings a second, and how long each takes, beside the ceilings."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median

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
    """A server in the comparison and its rounds by clients.

    `fresh` provides the server anew, with nothing booked: so all rounds begin alike.
    """

    name: str
    fresh: Callable[[], AbstractContextManager[Server]]
    rounds: dict[int, list[Round]] = field(default_factory=lambda: {n: [] for n in CLIENTS})

    def take_turn(self, plan: Plan, sink: Sink) -> None:
        """Start the server, measure it once with each number of clients, and stop it."""
        next_slot = 0
        with self.fresh() as server, running(server) as process:
            for clients in CLIENTS:
                turn = _round(_order(process, plan, clients, next_slot), sink)
                self.rounds[clients].append(turn)
                next_slot = turn.report.next_slot

    def figures(self, clients: int, reference: "Contender") -> Bookings:
        """Sum up the rounds with so many clients."""
        reports = [turn.report for turn in self.rounds[clients]]
        ceilings = [turn.report for turn in reference.rounds[clients]]
        return Bookings(
            server=self.name,
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
    contenders: Sequence[Contender], reference: Contender, plan: Plan, sink: Sink, say: Say
) -> list[Bookings]:
    """Let all servers take turns, another one first in every round."""
    for number in range(plan.rounds):
        first = number % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            say(f"{contender.name}: bookings, round {number + 1} of {plan.rounds}")
            contender.take_turn(plan, sink)
    return [each.figures(clients, reference) for each in contenders for clients in CLIENTS]


def answer_size(server: Server) -> int:
    """Book for a moment; the length in bytes of an answer's body."""
    moment = Plan(seconds=0.2, warmup=0.1)
    with running(server) as process:
        return drive(_order(process, moment, clients=1, first=0)).size


def _round(order: Order, sink: Sink) -> Round:
    begun, before = time.perf_counter(), sink.taken()
    report = drive(order)
    mails = (sink.taken() - before) / (time.perf_counter() - begun)
    return Round(report, mails, resident_megabytes(order.pid))


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
