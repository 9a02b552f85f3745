"""One run: every server that there is to measure, each on a database of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import bookings, pages, starts, targets
from benchmarks.bookings import Bookings, Contender
from benchmarks.ceilings import BARE, VALIDATED, ceiling
from benchmarks.fill import fill
from benchmarks.pages import Page
from benchmarks.plan import Plan, Say
from benchmarks.postgres import database, postgres
from benchmarks.servers import Server, daemon
from benchmarks.sink import Sink, closed_port, sink
from benchmarks.starts import Start
from benchmarks.targets import Target

KINDS = SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


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

    def with_history(self) -> tuple[list[Start], list[Page]]:
        """Measure starts and pages on databases that hold a long list."""
        started, listed = [], []
        for kind in KINDS:
            with self._empty(kind) as url:
                self.say(f"{kind}: filling in {self.plan.history:,} bookings")
                asyncio.run(fill(url, self.plan.history))
                server = daemon(kind, self.directory, url, self.sink.port)
                self.say(f"{kind}: starts")
                started.append(starts.measure(server, self.plan))
                self.say(f"{kind}: pages of the list")
                listed += pages.compare(server, self.plan)
        return started, listed

    def booked(self) -> list[Bookings]:
        """Measure bookings while mails leave, and while they wait for a relay that is gone."""
        with closed_port() as nowhere:
            daemons = [
                Contender(f"{kind}{state}", partial(self._fresh, f"{kind}{state}", kind, port))
                for state, port in (("", self.sink.port), (", mail waiting", nowhere))
                for kind in KINDS
            ]
            with daemons[0].fresh() as server:
                size = bookings.answer_size(server)
            bare, validated = (self._ceiling(kind, size) for kind in (BARE, VALIDATED))
            contenders = [bare, validated, *daemons]
            return bookings.compare(contenders, validated, self.plan, self.sink, self.say)

    def _ceiling(self, kind: str, size: int) -> Contender:
        server = ceiling(kind, self.directory, size)
        return Contender(server.name, lambda: nullcontext(server))

    @contextmanager
    def _fresh(self, name: str, kind: str, smtp_port: int) -> Iterator[Server]:
        with self._empty(kind) as url:
            yield daemon(name, self.directory, url, smtp_port)

    @contextmanager
    def _empty(self, kind: str) -> Iterator[str]:
        """Provide an empty database, by its URL."""
        if kind == POSTGRESQL:
            with database(self.postgres_url) as url:
                yield url
        else:
            with TemporaryDirectory(dir=self.directory) as directory:
                yield f"sqlite:///{directory}/bookings.db"


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
