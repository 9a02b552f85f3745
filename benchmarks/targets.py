"""What the daemon aims at, and whether it got there."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bookings import Bookings
from benchmarks.pages import DEEP, Page
from benchmarks.starts import Start

SHARE, SHARE_CLIENTS = 0.5, 32
DEEP_COST = 1.3
START_SECONDS = 0.6
RESIDENT_MB = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One aim in words, with what was measured."""

    aim: str
    measured: str
    met: bool


def bookings(row: Bookings) -> Iterator[Target]:
    """How near the daemon on SQLite has to come to the second ceiling."""
    if row.server == "SQLite" and row.clients == SHARE_CLIENTS:
        yield Target(
            aim=f"{row.server}, {SHARE_CLIENTS} clients: ≥ {SHARE:.0%} of the second ceiling",
            measured=f"{row.ratio:.0%}",
            met=row.ratio >= SHARE,
        )


def pages(row: Page) -> Iterator[Target]:
    """How much more a deep page may cost than the first."""
    if row.page == DEEP:
        yield Target(
            aim=f"{row.server}: a deep page costs ≤ {DEEP_COST} times the first",
            measured=f"{row.ratio:.2f} times",
            met=row.ratio <= DEEP_COST,
        )


def starts(row: Start) -> Iterator[Target]:
    """How soon the first healthy answer has to come, and how little memory may be taken."""
    yield Target(
        aim=f"{row.server}: first healthy answer after ≤ {START_SECONDS} s",
        measured=f"{row.median:.2f} s, fastest {row.fastest:.2f} s",
        met=row.median <= START_SECONDS,
    )
    yield Target(
        aim=f"{row.server}: < {RESIDENT_MB:.0f} MB resident when idle",
        measured=f"{row.resident:.0f} MB",
        met=row.resident < RESIDENT_MB,
    )
