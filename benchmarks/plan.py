"""How long and how often to measure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rounds` of `seconds` for each figure, each after a warm-up; a list of `history` bookings.

    Servers take turns within a round, because a host is not equally fast all the time: figures
    of one round can be compared, figures of two runs cannot.
    """

    rounds: int = 5
    seconds: float = 1.5
    warmup: float = 0.5
    history: int = 100_000
    starts: int = 5
    idle: float = 3.0


QUICK = Plan(rounds=2, seconds=0.5, warmup=0.3, history=10_000, starts=2, idle=1.0)
"""To see whether everything runs; the figures are rough."""
