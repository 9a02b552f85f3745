"""Random worlds: a service, a resource and what is booked, around a day on which clocks change."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

from bookingd.availability.engine import offered
from bookingd.availability.wallclock import DAY, MINUTE
from bookingd.availability.wanted import Calendars, Wanted
from storage.model import WEEKDAYS, Closure, Resource, Service
from storage.rows import microseconds
from storage.sessions import Session, Sessions
from tests.records import SERVICE, a_resource, a_service

CHANGES = [
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("America/Santiago", date(2027, 9, 5)),  # midnight does not exist
    ("America/Havana", date(2027, 11, 7)),  # midnight exists twice
    ("Asia/Beirut", date(2027, 10, 31)),  # the day before becomes longer
    ("Australia/Lord_Howe", date(2027, 4, 4)),  # by half an hour
    ("America/Nuuk", date(2027, 3, 27)),
    ("Asia/Kathmandu", date(2028, 2, 29)),  # offset with three quarters of an hour
    ("UTC", date(2027, 6, 1)),
]
HOUSE = "Pacific/Auckland"


@dataclass(frozen=True)
class World:
    wanted: Wanted
    window: range


def hours(chance: Random) -> tuple[str, ...]:
    """Intervals of a day: none, some, touching, overlapping, past midnight, around the clock."""
    bounds = sorted(chance.sample(range(96), chance.choice([0, 2, 2, 4, 6])))
    times = [f"{n // 4:02}:{n % 4 * 15:02}" for n in bounds]
    shape = chance.choice(["apart", "touching", "overlapping", "past midnight", "always"])
    if shape == "always":
        return ("00:00-24:00",)
    if shape == "touching":
        return tuple(map("-".join, pairwise(times)))
    if shape == "overlapping":
        return tuple(map("-".join, zip(times, times[2:], strict=False)))
    if shape == "past midnight" and times:
        return (f"{times[-1]}-{times[0]}",)
    return tuple(map("-".join, zip(times[::2], times[1::2], strict=True)))


def a_closure(chance: Random, day: date) -> Closure:
    first = day + timedelta(days=chance.randint(-1, 2))
    last = first + timedelta(days=chance.randint(0, 2))
    opened = chance.choice([(), hours(chance)])
    return Closure(id="", first=first, last=last, hours=opened)


def resource_and_day(chance: Random) -> tuple[Resource, date]:
    zone, day = chance.choice(CHANGES)
    week = {weekday: hours(chance) for weekday in WEEKDAYS}
    return a_resource(
        time_zone=zone if chance.random() < 0.8 else None,
        hours=chance.choice([None, week]),
        closures=tuple(a_closure(chance, day) for _ in range(chance.choice([0, 0, 1, 2]))),
    ), day


def service(chance: Random) -> Service:
    few = [0, 0, 0, 5, 15, 40]
    return replace(
        a_service(),
        durations=tuple(chance.choice([(), (30,), (45, 60), (10, 30, 300)])),
        slot_step=chance.choice([None, None, 5, 7, 20, 60, 90]),
        buffer_before=chance.choice(few),
        buffer_after=chance.choice(few),
        minimum_notice=chance.choice([0, 0, 0, 60, 700]),
        horizon=chance.choice([None, None, None, 1, 2]),
        daily_cap=chance.choice([None, None, None, 1, 2, 4]),
        weekly_cap=chance.choice([None, None, None, 2, 6]),
        capacity=chance.choice([1, 1, 3]),
    )


def sessions(chance: Random, service: Service, begin: int) -> list[Session]:
    """What is booked from `begin` on, in order; nothing meets."""
    found, free = [], begin
    for _ in range(chance.randint(0, 12)):
        mine = chance.random() < 0.6
        before = service.buffer_before if mine else chance.choice([0, 10])
        after = service.buffer_after if mine else chance.choice([0, 10])
        start = free + (chance.choice([0, 0, 1, 2, 5, 20]) * 15 + before) * MINUTE
        start += -start % (5 * MINUTE)
        end = start + chance.choice([*service.durations, 10, 30, 30, 60, 300]) * MINUTE
        taken = chance.randint(1, service.capacity) if mine else 1
        service_id = service.id if mine else SERVICE.id
        occupied = (start - before * MINUTE, end + after * MINUTE)
        found.append(Session(start, end, *occupied, service_id, taken))
        free = occupied[1]
    return found


def a_world(chance: Random) -> World:
    """A few hours to two days in which slots may begin, with all that is booked around them."""
    (resource, day), wish = resource_and_day(chance), service(chance)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    now = noon + timedelta(minutes=chance.randint(-2400, -300), microseconds=chance.choice([0, 1]))
    lengths = [*wish.durations * 4, 10, 30, 45, 60, 300]
    length = timedelta(minutes=chance.choice(lengths))
    start = microseconds(noon) + chance.randint(-150, 50) * 15 * MINUTE
    window = range(start, start + chance.randint(4, 200) * 15 * MINUTE)
    booked = sessions(chance, wish, start - chance.choice([0, 0, 0, 1, 4]) * DAY)
    wanted = Calendars(HOUSE).wanted(wish, resource, length, now)
    return World(wanted.among(Sessions.of(booked)), window)


def telling(world: World, chance: Random, count: int) -> list[int]:
    """Starts of the window: any minute, what is offered, and all around where rules end."""
    wanted, window = world.wanted, world.window
    service, minutes = wanted.service, range(window.start, window.stop, MINUTE)
    slots = offered(wanted, window)
    edges = [
        wanted.now + service.minimum_notice * MINUTE,
        wanted.now + (service.horizon or 0) * DAY,
        *(one.start for one in wanted.sessions),
        *(one.occupied_end + service.buffer_before * MINUTE for one in wanted.sessions),
        *(one.occupied_start - wanted.length - service.buffer_after * MINUTE
          for one in wanted.sessions),
    ]  # fmt: skip
    near = [edge + shift for edge in edges for shift in (-MINUTE, -1, 0, 1, MINUTE)]
    far = [start + shift * MINUTE for start in slots for shift in (-60, -5, 0, 1, 60)]
    steps = wanted.calendar.starts(window, 1, wanted.step * MINUTE)
    fitting = [start for one in steps for start in one]
    kinds = [kind for kind in (minutes, slots, near, far, fitting) if kind]
    found = [chance.choice(chance.choice(kinds)) for _ in range(count)]
    return [start if start in window else window.start for start in found]
