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
    """What two sets have in common. There may be thousands of ranges, so no step is wasted."""
    if others and others[0].step > 1:
        some, others = others, some
    found, rest = [], iter(others)
    other = next(rest, None)
    for one in some:
        start, stop, step = one.start, one.stop, one.step
        while other is not None and (first := other.start) < stop:
            last = other.stop
            first = start if first < start else first + (start - first) % step
            if first < last and first < stop:
                until = last if last < stop else stop  # noqa: FURB136 - min is slow
                found.append(range(first, until, step))
            if last > stop:
                break
            other = next(rest, None)
    return found


def has(starts: Iterable[range], start: int) -> bool:
    """Whether a set has this instant."""
    return any(start in one for one in starts)
