"""When to try again."""

import random
from collections.abc import Sequence
from datetime import timedelta

ATTEMPTS: Sequence[timedelta] = (
    timedelta(seconds=2),
    timedelta(seconds=4),
    timedelta(seconds=8),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
)
"""The pause after each failed attempt, unless told otherwise; who fails once more is dead."""

LONGEST = timedelta(hours=24)
"""No pause may be longer."""

UNCERTAIN = timedelta(minutes=10)
"""The pause when the server may have taken the mail (RFC 5321, section 4.5.3.2.6)."""

JITTER = 0.1


def pause_after(attempt: int, pauses: Sequence[timedelta] = ATTEMPTS) -> timedelta | None:
    """How long to wait after this failed attempt, the first being 1; None to give up.

    Up to a tenth longer than `pauses` says, so that what failed together does not come back
    together.
    """
    if attempt > len(pauses):
        return None
    return pauses[attempt - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311


class Backoff:
    """A pause in seconds that doubles with every fault, from `first` up to `longest`."""

    def __init__(self, *, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def fault(self) -> float:
        """The pause after one more fault."""
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause

    def reset(self) -> None:
        """All is well; the next fault is a first one."""
        self._next = self._first
