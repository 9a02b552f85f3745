"""Sets of instants, at which slots may begin: ranges in order that do not overlap.

Most have every instant between two. Those of opening hours go by steps, and of the sets that are
brought together one at the most does.
"""

from collections.abc import Iterable, Sequence

Starts = Sequence[range]


def every(start: int, end: int) -> range:
    """Every instant of `[start, end)`."""
    return range(start, max(start, end))


def both(some: Starts, others: Starts) -> Starts:
    """What two sets have in common."""
    found = []
    i = j = 0
    while i < len(some) and j < len(others):
        one, other = some[i], others[j]
        start, stop = one.start, one.stop
        if one.stop < other.stop:
            i += 1
        else:
            j += 1
            stop = other.stop
        if one.step < other.step:
            one, other, start = other, one, other.start
        if start < other.start:
            start -= (start - other.start) // one.step * one.step
        if start < stop:
            found.append(range(start, stop, one.step))
    return found


def has(starts: Iterable[range], start: int) -> bool:
    """Whether a set has this instant."""
    return any(start in one for one in starts)
