"""How long and how often to measure."""

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]
"""Tells the one who waits what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many `rounds` of how many `seconds` each figure gets, each after a `warmup`.

    The list holds `history` bookings. A daemon is started `starts` times, and left idle for
    `idle` seconds before its memory is taken. Servers take turns within a round, because no host
    is equally fast all the time: figures of one run can be compared, figures of two runs cannot.
    """

    rounds: int = 5
    seconds: float = 1.0
    warmup: float = 0.4
    history: int = 100_000
    starts: int = 5
    idle: float = 3.0


QUICK = Plan(rounds=2, seconds=0.5, warmup=0.3, history=10_000, starts=2, idle=1.0)
"""To see whether everything runs; the figures are rough."""
