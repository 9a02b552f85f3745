"""One run: every server that there is to measure, each on a database of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bookings, pages, starts, targets
from benchmarks.bookings import Bookings
from benchmarks.ceilings import BARE, VALIDATED, ceiling
from benchmarks.fill import fill
from benchmarks.pages import Page
from benchmarks.plan import Plan, Say
from benchmarks.postgres import database, postgres
from benchmarks.servers import daemon
from benchmarks.sink import Sink, closed_port, sink
from benchmarks.starts import Start
from benchmarks.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All figures of one run."""

    bookings: list[Bookings]
    pages: list[Page]
    starts: list[Start]

    def targets(self) -> Iterator[Target]:
        """Hold the figures against the aims."""
        for booked in self.bookings:
            yield from targets.bookings(booked)
        for page in self.pages:
            yield from targets.pages(page)
        for start in self.starts:
            yield from targets.starts(start)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the measurements share: a directory, a PostgreSQL server, a mail server, a voice."""

    plan: Plan
    directory: Path
    postgres_url: str
    sink: Sink
    say: Say

    @contextmanager
    def databases(self, name: str) -> Iterator[dict[str, str]]:
        """Provide an empty database of either kind, by its URL."""
        with database(self.postgres_url) as postgres_url:
            yield {"SQLite": f"sqlite:///{self.directory / name}.db", "PostgreSQL": postgres_url}

    def with_history(self) -> tuple[list[Start], list[Page]]:
        """Measure starts and pages on databases that hold a long list."""
        started, listed = [], []
        with self.databases("history") as urls:
            for kind, url in urls.items():
                self.say(f"{kind}: filling in {self.plan.history:,} bookings")
                asyncio.run(fill(url, self.plan.history))
                server = daemon(kind, self.directory, url, self.sink.port)
                self.say(f"{kind}: starts")
                started.append(starts.measure(server, self.plan))
                self.say(f"{kind}: pages of the list")
                listed += pages.compare(server, self.plan)
        return started, listed

    def booked(self) -> list[Bookings]:
        """Measure bookings on databases that begin empty, with mails leaving and waiting."""
        with (
            self.databases("sending") as sending,
            self.databases("waiting") as waiting,
            closed_port() as nowhere,
        ):
            daemons = [
                *(
                    daemon(kind, self.directory, url, self.sink.port)
                    for kind, url in sending.items()
                ),
                *(
                    daemon(f"{kind}, mail waiting", self.directory, url, nowhere)
                    for kind, url in waiting.items()
                ),
            ]
            size = bookings.answer_size(daemons[0])
            ceilings = [ceiling(kind, self.directory, size) for kind in (BARE, VALIDATED)]
            servers = [*ceilings, *daemons]
            return bookings.compare(servers, ceilings[1], self.plan, self.sink, self.say)


def measure(plan: Plan, directory: Path, say: Say) -> Results:
    """Measure everything in `directory`, which the caller removes."""
    with ExitStack() as stack:
        say("starting PostgreSQL")
        bench = Bench(
            plan,
            directory,
            stack.enter_context(postgres()),
            stack.enter_context(sink()),
            say,
        )
        started, listed = bench.with_history()
        return Results(bookings=bench.booked(), pages=listed, starts=started)
