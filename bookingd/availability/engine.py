"""What can be booked: what is offered, why it is or is not, and whether a start is accepted."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from bookingd.availability.rules import RULES, Rule
from bookingd.availability.starts import Starts, both, every, has
from bookingd.availability.wallclock import instant
from bookingd.availability.wanted import Wanted
from storage.model import Cap, Session

FIXED = tuple(rule for rule in RULES if rule.fixed)
"""The rules that need no look at what is booked."""


class Verdict(NamedTuple):
    """What a rule says of a start; `why` if it is not kept."""

    rule: Rule
    why: str | None


def offered(wanted: Wanted, window: range, rules: Sequence[Rule] = RULES) -> Starts:
    """The starts of a window that keep all rules, in order."""
    return reduce(both, (rule.starts(wanted, window) for rule in rules), [window])


def explain(wanted: Wanted, start: int, rules: Iterable[Rule] = RULES) -> list[Verdict]:
    """What each rule says of a start, in order."""
    return [Verdict(rule, _blocked(rule, wanted, start)) for rule in rules]


def check(wanted: Wanted, start: int, rules: Iterable[Rule] = FIXED) -> None:
    """Raises the refusal of the first rule that a start does not keep."""
    for rule in rules:
        if why := _blocked(rule, wanted, start):
            raise rule.refusal(why)


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


def without(sessions: Iterable[Session], leaving: Session) -> list[Session]:
    """The sessions once one booking has left its seat in `leaving`, whose `taken` is one."""
    same = leaving[:-1]
    left = (one._replace(taken=one.taken - (one[:-1] == same)) for one in sessions)
    return [one for one in left if one.taken]
