"""The rules that a start has to keep. Each is the set of starts that keep it.

The set has to be right within a window, and may say anything of what lies outside.
So what is offered, what is explained and what is accepted come of the same sets.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from bookingd.availability.starts import Starts, every, has
from bookingd.availability.wallclock import DAY, MINUTE
from bookingd.availability.wanted import Wanted
from bookingd.policy import WrongLength
from storage.errors import CapReached, SlotTaken
from storage.sessions import Session


class Refused(Exception):
    """A slot that the public cannot have, and why."""


class TooSoon(Refused):
    """It begins before the notice is over that the service asks for, or has begun."""


class TooFar(Refused):
    """It begins beyond the service's horizon."""


class OutsideHours(Refused):
    """The resource is not open for all of it, or no slot begins then."""


class Rule(NamedTuple):
    """A rule: the starts of a window that keep it, what is raised for others, and in which words.

    What a `passing` one says changes as time goes by. One that is not `fixed` is for the database
    to decide, because others book meanwhile.
    """

    name: str
    refusal: type[Exception]
    starts: Callable[[Wanted, range], Starts]
    why: Callable[[Wanted, int], str]
    passing: bool = False
    fixed: bool = True


def _in_length(wanted: Wanted, window: range) -> Starts:
    known = wanted.service.durations
    return [window] if not known or wanted.length // MINUTE in known else []


def _after_notice(wanted: Wanted, window: range) -> Starts:
    return [every(max(window.start, wanted.earliest), window.stop)]


def _within_horizon(wanted: Wanted, window: range) -> Starts:
    days = wanted.service.horizon
    if days is None:
        return [window]
    return [every(window.start, min(window.stop, wanted.now + days * DAY + 1))]


def _in_hours(wanted: Wanted, window: range) -> Starts:
    return wanted.calendar.starts(window, wanted.length, wanted.step * MINUTE)


def _below(cap: str, days: int, wanted: Wanted, window: range) -> Starts:
    """The days or weeks whose bookings of this service are fewer than the cap."""
    limit: int | None = getattr(wanted.service, cap)
    if limit is None:
        return [window]
    periods = list(wanted.calendar.clock.periods(window, days))
    taken = [0] * (len(periods) + 2)
    ends = [periods[0][0], *(end for _, end in periods)]
    for session in wanted.sessions:
        if session.service_id == wanted.service.id:
            taken[bisect_right(ends, session.start)] += session.taken
    return [
        every(max(start, window.start), min(end, window.stop))
        for (start, end), seats in zip(periods, taken[1:-1], strict=True)
        if seats < limit
    ]


def _free(wanted: Wanted, window: range) -> Starts:
    """Between the sessions, buffers included, and where the same session has a seat."""
    service = wanted.service
    before = service.buffer_before * MINUTE
    behind = wanted.length + service.buffer_after * MINUTE - 1
    needed = before + behind
    ends = [window.start - before, *wanted.occupied.end]
    begins = [*wanted.occupied.start, window.stop + behind]
    gaps = zip(ends, begins, strict=True)
    found = [range(end + before, start - behind) for end, start in gaps if start - end > needed]
    if seats := [range(one.start, one.start + 1) for one in shared(wanted)]:
        found = sorted(found + seats, key=attrgetter("start"))
    return found


def shared(wanted: Wanted) -> Iterator[Session]:
    """The sessions of this very service and length that have a seat."""
    service = wanted.service
    for one in wanted.sessions if service.capacity > 1 else ():
        if (
            one.taken < service.capacity
            and one.service_id == service.id
            and one.end - one.start == wanted.length
        ):
            yield one


def _why_length(wanted: Wanted, _: int) -> str:
    known = ", ".join(map(str, wanted.service.durations))
    return f"Must be a duration of the service, in minutes: {known}."


def _why_notice(wanted: Wanted, _: int) -> str:
    notice = wanted.service.minimum_notice
    return f"Must begin in {notice} minutes or later." if notice else "Must be in the future."


def _why_horizon(wanted: Wanted, _: int) -> str:
    return f"Must begin within the next {wanted.service.horizon} days."


def _why_hours(wanted: Wanted, start: int) -> str:
    if has(wanted.calendar.starts(every(start, start + 1), wanted.length, 1), start):
        return f"Slots begin every {wanted.step} minutes from each opening on."
    return "Must lie within the opening hours."


def _why_cap(cap: str, period: str, wanted: Wanted, _: int) -> str:
    return f"The cap of {getattr(wanted.service, cap)} a {period} is reached."


def _why_taken(wanted: Wanted, _: int) -> str:
    if wanted.service.capacity > 1:
        return "Every seat is taken, or another booking is in the way."
    return "Another booking is in the way."


RULES = (
    Rule("duration", WrongLength, _in_length, _why_length),
    Rule("notice", TooSoon, _after_notice, _why_notice, passing=True),
    Rule("horizon", TooFar, _within_horizon, _why_horizon, passing=True),
    Rule("hours", OutsideHours, _in_hours, _why_hours),
    Rule("taken", SlotTaken, _free, _why_taken, fixed=False),
    Rule(
        "dailyCap",
        CapReached,
        partial(_below, "daily_cap", 1),
        partial(_why_cap, "daily_cap", "day"),
        fixed=False,
    ),
    Rule(
        "weeklyCap",
        CapReached,
        partial(_below, "weekly_cap", 7),
        partial(_why_cap, "weekly_cap", "week"),
        fixed=False,
    ),
)
"""All of them, in the order in which they are asked; the database, too, counts caps at the end."""
