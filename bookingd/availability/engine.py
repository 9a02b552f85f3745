"""What can be booked: what is offered, why it is or is not, and whether a start is accepted."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache, reduce
from itertools import chain, islice, takewhile
from typing import NamedTuple

from bookingd.availability.rules import RULES, Rule
from bookingd.availability.starts import Starts, both, every, has
from bookingd.availability.wallclock import MINUTE, instant
from bookingd.availability.wanted import Wanted
from storage.errors import SlotTaken
from storage.model import Booking, Cap
from storage.rows import microseconds
from storage.sessions import KEPT, Sessions

FIXED = tuple(rule for rule in RULES if rule.fixed)
"""The rules that need no look at what is booked."""

PASSING = tuple(rule for rule in RULES if rule.passing)
LASTING = tuple(rule for rule in RULES if not rule.passing)
"""The rules that look at the clock, and the others."""

TAKEN = tuple(rule for rule in RULES if rule.refusal is SlotTaken)
"""What nobody can do away with: others are there."""

MOST = 62 * 288
"""Steps of a question that is remembered: two months in steps of five minutes."""


class Verdict(NamedTuple):
    """What a rule says of a start; `why` if it is not kept."""

    rule: Rule
    why: str | None


def offered(wanted: Wanted, window: range) -> "array[int]":
    """The starts of a window that keep all rules, in order."""
    few = len(window) // (wanted.step * MINUTE) <= MOST
    lasting = (_lasting if few else _lasting.__wrapped__)(replace(wanted, now=0), window)
    found = array("q")
    for now in _common(PASSING, wanted, window):
        found += lasting[bisect_left(lasting, now.start) : bisect_left(lasting, now.stop)]
    return found


@lru_cache(KEPT)
def _lasting(wanted: Wanted, window: range) -> "array[int]":
    """The starts that keep the rules which say the same until somebody books."""
    return array("q", chain.from_iterable(_common(LASTING, wanted, window)))


def first(wanted: Wanted, window: range, most: int, rules: Iterable[Rule]) -> list[int]:
    """The first starts that keep some rules, so many at the most; no others are worked out.

    Opening hours have to be among the rules.
    """
    return list(islice(chain.from_iterable(_common(rules, wanted, window)), most))


def _common(rules: Iterable[Rule], wanted: Wanted, window: range) -> Starts:
    """What of a window keeps all these rules."""
    whole: Starts = [window]
    sets = (rule.starts(wanted, window) for rule in rules)
    return reduce(both, (one for one in sets if one != whole), whole)


def explain(wanted: Wanted, start: int, rules: Iterable[Rule] = RULES) -> list[Verdict]:
    """What each rule says of a start, in order."""
    return [Verdict(rule, _blocked(rule, wanted, start)) for rule in rules]


def check(wanted: Wanted, start: int, rules: Iterable[Rule] = FIXED) -> None:
    """Raises the refusal of the first rule that a start does not keep."""
    for rule in rules:
        if why := _blocked(rule, wanted, start):
            raise rule.refusal(why)


def kept(wanted: Wanted, start: int, rules: Iterable[Rule] = RULES) -> int:
    """How many rules a start keeps before the first that it does not."""
    return sum(1 for _ in takewhile(lambda rule: not _blocked(rule, wanted, start), rules))


def _blocked(rule: Rule, wanted: Wanted, start: int) -> str | None:
    kept = has(rule.starts(wanted, every(start, start + 1)), start)
    return None if kept else rule.why(wanted, start)


def caps(wanted: Wanted, start: int) -> list[Cap]:
    """The caps that a booking with this start must not exceed."""
    service, clock = wanted.service, wanted.calendar.clock
    found = []
    for limit, days in ((service.daily_cap, 1), (service.weekly_cap, 7)):
        if limit is not None:
            [(begin, end)] = clock.periods(every(start, start + 1), days)
            found.append(
                Cap(
                    service_id=service.id,
                    resource_id=wanted.calendar.resource.id,
                    start=instant(begin),
                    end=instant(end),
                    limit=limit,
                )
            )
    return found


def seats_of_day(wanted: Wanted, start: int) -> int:
    """How many live bookings and holds the resource has on the day of a start."""
    [(begin, end)] = wanted.calendar.clock.periods(every(start, start + 1), 1)
    return sum(one.taken for one in wanted.sessions if begin <= one.start < end)


def without(sessions: Sessions, leaving: Booking) -> Sessions:
    """The sessions once a booking has left its seat; it may have come with other buffers."""
    its = leaving.service_id, microseconds(leaving.start_time), microseconds(leaving.end_time)
    left = (
        one._replace(taken=one.taken - ((one.service_id, one.start, one.end) == its))
        for one in sessions
    )
    return Sessions.of(one for one in left if one.taken)
