"""Filters, orders, pages and counts."""

import time
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import chain

import pytest

from storage.errors import NotFound
from storage.ids import new_id
from storage.interface import BookingFilter, Position, Sort, Storage
from storage.model import Booking, BookingStatus
from tests.records import (
    HOUR,
    INSTANT,
    NOW,
    OTHER_ROOM,
    OTHER_SERVICE,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_message,
    a_row_of_bookings,
    done,
    occupied,
    place,
)

ALL = BookingFilter()
END = START + HOUR

CONFIRMED = a_booking(name="Zoë Müller", email="Zoe@Example.org", company=None)
PENDING = a_booking(
    start=START + 2 * HOUR,
    status=BookingStatus.PENDING,
    name="Ada 100%",
    email="ada_l@example.org",
    company="Straße & Söhne",
    updated_at=NOW + HOUR,
)
GONE = a_booking(
    start=START + 4 * HOUR,
    status=BookingStatus.CANCELLED,
    name="O'Brien",
    email="adaxl@example.org",
    company=r"back\slash",
    service_id=OTHER_SERVICE.id,
    resource_id=OTHER_ROOM.id,
    updated_at=NOW + 2 * HOUR,
)
STOCK = [CONFIRMED, PENDING, GONE]

FILTERS: list[tuple[BookingFilter, list[Booking]]] = [
    (ALL, STOCK),
    (BookingFilter(statuses=[BookingStatus.PENDING]), [PENDING]),
    (BookingFilter(statuses=[BookingStatus.PENDING, BookingStatus.CANCELLED]), [PENDING, GONE]),
    (BookingFilter(statuses=[BookingStatus.NO_SHOW]), []),
    (BookingFilter(statuses=[]), []),
    (BookingFilter(date_from=PENDING.start_time), [PENDING, GONE]),
    (BookingFilter(date_from=PENDING.start_time + INSTANT), [GONE]),
    (BookingFilter(date_to=PENDING.start_time), [CONFIRMED]),
    (BookingFilter(date_to=PENDING.start_time + INSTANT), [CONFIRMED, PENDING]),
    (BookingFilter(date_from=START + HOUR, date_to=START + 3 * HOUR), [PENDING]),
    (BookingFilter(date_from=START + 3 * HOUR, date_to=START), []),
    (BookingFilter(updated_since=PENDING.updated_at), [PENDING, GONE]),
    (BookingFilter(updated_since=PENDING.updated_at + INSTANT), [GONE]),
    (BookingFilter(service_id=SERVICE.id), [CONFIRMED, PENDING]),
    (BookingFilter(resource_id=OTHER_ROOM.id), [GONE]),
    (BookingFilter(resource_id=ROOM.id, service_id=OTHER_SERVICE.id), []),
    (BookingFilter(service_id="00000000-0000-7000-8000-0000000000ff"), []),
    (BookingFilter(email="zoe@example.org"), [CONFIRMED]),
    (BookingFilter(email="ZOE@EXAMPLE.ORG"), [CONFIRMED]),
    (BookingFilter(email="zoe"), []),
    (BookingFilter(email="ada_l@example.org"), [PENDING]),
    (BookingFilter(email="%"), []),
    (BookingFilter(q="zoë"), [CONFIRMED]),
    (BookingFilter(q="MÜLLER"), [CONFIRMED]),
    (BookingFilter(q="söhne"), [PENDING]),
    (BookingFilter(q="STRAßE"), [PENDING]),
    (BookingFilter(q="EXAMPLE.ORG"), STOCK),
    (BookingFilter(q="0%"), [PENDING]),
    (BookingFilter(q="%"), [PENDING]),
    (BookingFilter(q="a_l"), [PENDING]),
    (BookingFilter(q="_"), [PENDING]),
    (BookingFilter(q="\\"), [GONE]),
    (BookingFilter(q="o'b"), [GONE]),
    (BookingFilter(q="' OR 1=1 --"), []),
    (BookingFilter(q="100%ada_l"), []),
    (BookingFilter(q="müllerzoe"), []),
    (BookingFilter(q="ada", statuses=[BookingStatus.CANCELLED]), [GONE]),
    (BookingFilter(q="ada", date_to=END), []),
]


LETTERS = [
    ("Straße", "STRAßE", True),
    ("Straße", "STRASSE", False),
    ("STRASSE", "straße", False),
    ("STRAẞE", "straße", True),
    ("İstanbul", "istanbul", True),
    ("istanbul", "İSTANBUL", True),
    ("ISTANBUL", "istanbul", True),
    ("\u0131sparta", "ISPARTA", False),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", True),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", True),
    ("Οδυσσεύς", "οδυσσεύσ", True),
    ("ﬁsh", "FISH", False),
    ("ﬁsh", "fish", False),
    ("ŽIŽEK", "žižek", True),
    ("Иванов", "ИВАНОВ", True),
    ("ǅ", "ǆ", True),
    ("Ⅷ", "ⅷ", True),
    ("zoe\u0308", "ZOE\u0308", True),
    ("zoë", "zoe\u0308", False),
    ("\U00010400", "\U00010428", True),
]
"""A name, what is looked for, and whether it is found: letter by letter."""


@pytest.mark.parametrize(("name", "q", "found"), LETTERS)
async def test_letters_are_the_same_in_either_case(
    storage: Storage, name: str, q: str, found: bool
):
    await done(storage, place(a_booking(name=name)))
    assert await storage.count_bookings(BookingFilter(q=q)) == found


ADDRESSES = [
    ("Info@Example.org", "iNFO@eXAMPLE.ORG", True),
    ("INFO@example.org", "\u0131nfo@example.org", False),
    ("\u0130nfo@example.org", "info@example.org", False),
    ("Jürgen@example.org", "jürgen@EXAMPLE.org", True),
    ("JÜRGEN@example.org", "jürgen@example.org", False),
]
"""An address, what is asked for, and whether that is it: letters beyond ASCII as they are."""


@pytest.mark.parametrize(("address", "asked", "is_it"), ADDRESSES)
async def test_an_address_is_the_same_in_either_case_in_every_language(
    storage: Storage, address: str, asked: str, is_it: bool
):
    mine, mailed = a_booking(email=address), a_booking(start=START + HOUR)
    await done(storage, place(mine), place(mailed, a_message(mailed, recipient=address)))
    assert await storage.count_bookings(BookingFilter(email=asked)) == is_it
    assert await storage.count_bookings(BookingFilter(person=asked)) == 2 * is_it


def said(which: BookingFilter) -> str:
    values = {field.name: getattr(which, field.name) for field in fields(which)}
    return ",".join(f"{key}={value}" for key, value in values.items() if value is not None)


@pytest.mark.parametrize(
    ("which", "found"), FILTERS, ids=[f"{n}-{said(which)}" for n, (which, _) in enumerate(FILTERS)]
)
async def test_a_filter_finds_these_and_counts_them(
    storage: Storage, which: BookingFilter, found: list[Booking]
):
    await done(storage, *map(place, reversed(STOCK)))
    assert await storage.bookings(which, limit=9) == found
    assert await storage.count_bookings(which) == len(found)


async def test_all_filters_restrict_together(storage: Storage):
    which = BookingFilter(
        statuses=[BookingStatus.PENDING],
        date_from=START,
        date_to=START + 9 * HOUR,
        email=PENDING.email.upper(),
        q="100%",
        service_id=SERVICE.id,
        resource_id=ROOM.id,
        updated_since=NOW,
    )
    await done(storage, *map(place, STOCK))
    assert await storage.bookings(which, limit=9) == [PENDING]
    assert await storage.bookings(replace(which, q="0%0"), limit=9) == []


async def test_a_booking_that_is_not_there_is_not_found(storage: Storage):
    with pytest.raises(NotFound):
        await storage.booking(a_booking().id)


@pytest.mark.parametrize("strange", ["", "1", "no-such-id", "'; DROP TABLE bookings; --"])
async def test_a_strange_id_is_not_found(storage: Storage, strange: str):
    await done(storage, place(CONFIRMED))
    with pytest.raises(NotFound):
        await storage.booking(strange)
    assert await storage.messages([strange]) == []
    assert await storage.bookings(BookingFilter(resource_id=strange), limit=9) == []


def shuffled() -> list[Booking]:
    """Bookings whose three orders differ, many of them at equal instants."""
    made = [NOW + timedelta(milliseconds=n * 5 % 7) for n in range(40)]
    return [
        a_booking(
            id=new_id(created),
            start=START + timedelta(minutes=n * 7 % 5),
            status=BookingStatus.CANCELLED,
            created_at=created,
            updated_at=NOW + timedelta(days=n * 3 % 4),
        )
        for n, created in enumerate(made)
    ]


def at(booking: Booking, sort: Sort) -> datetime:
    """The instant that `sort` goes by."""
    name = {"startTime": "start_time", "createdAt": "created_at", "updatedAt": "updated_at"}
    value: datetime = getattr(booking, name[sort.removeprefix("-")])
    return value


def in_order(bookings: Sequence[Booking], sort: Sort) -> list[Booking]:
    down = sort.startswith("-")
    return sorted(bookings, key=lambda booking: (at(booking, sort), booking.id), reverse=down)


@pytest.mark.parametrize("sort", Sort)
async def test_each_order_goes_by_its_instant_and_then_by_id(storage: Storage, sort: Sort):
    bookings = shuffled()
    await done(storage, *map(place, bookings))
    assert await storage.bookings(ALL, sort=sort, limit=99) == in_order(bookings, sort)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("limit", [1, 3, 40])
async def test_pages_by_cursor_show_each_booking_once(storage: Storage, sort: Sort, limit: int):
    bookings = shuffled()
    await done(storage, *map(place, bookings))
    seen: list[Booking] = []
    after: Position | None = None
    while page := await storage.bookings(ALL, sort=sort, limit=limit, after=after):
        assert len(page) <= limit
        seen += page
        after = Position(at(page[-1], sort), page[-1].id)
    assert seen == in_order(bookings, sort)


@pytest.mark.parametrize("sort", [Sort.START, Sort.UPDATED_DOWN])
async def test_pages_by_offset_show_each_booking_once(storage: Storage, sort: Sort):
    bookings = shuffled()
    await done(storage, *map(place, bookings))
    pages = [await storage.bookings(ALL, sort=sort, limit=7, offset=n) for n in range(0, 50, 7)]
    assert [len(page) for page in pages] == [7, 7, 7, 7, 7, 5, 0, 0]
    assert [*chain(*pages)] == in_order(bookings, sort)


async def test_a_cursor_goes_on_where_its_booking_was_though_that_is_gone(storage: Storage):
    bookings = a_row_of_bookings(4)
    await done(storage, *map(place, bookings))
    after = Position(bookings[1].start_time + INSTANT, a_booking().id)
    assert await storage.bookings(ALL, limit=9, after=after) == bookings[2:]


async def test_a_cursor_respects_the_filter(storage: Storage):
    bookings = a_row_of_bookings(6)
    mine = [replace(one, email="me@example.org") for one in bookings[::2]]
    await done(storage, *map(place, mine), *map(place, bookings[1::2]))
    after = Position(mine[0].start_time, mine[0].id)
    found = await storage.bookings(BookingFilter(email="me@example.org"), limit=9, after=after)
    assert found == mine[1:]


async def test_no_bookings_are_an_empty_list(storage: Storage):
    assert await storage.bookings(ALL, limit=9) == []
    assert await storage.count_bookings(ALL) == 0


async def test_occupied_ranges_are_those_of_live_bookings_that_meet_the_span(storage: Storage):
    meets = [
        a_booking(start=START - HOUR, after=1),
        a_booking(start=START + HOUR, minutes=30),
        a_booking(start=START + 2 * HOUR, before=5, status=BookingStatus.PENDING),
    ]
    others = [
        a_booking(start=START - 2 * HOUR, minutes=60),
        a_booking(start=START + 3 * HOUR),
        a_booking(start=START + HOUR, status=BookingStatus.CANCELLED),
        a_booking(start=START + HOUR, resource_id=OTHER_ROOM.id),
    ]
    await done(storage, *map(place, reversed(meets + others)))
    expected = [(booking.occupied_start, booking.occupied_end) for booking in meets]
    assert await occupied(storage, ROOM.id, START, START + 3 * HOUR) == expected


@pytest.mark.parametrize(
    ("start", "end", "met"),
    [
        (START - HOUR, START, False),
        (START - HOUR, START + INSTANT, True),
        (END, END + HOUR, False),
        (END - INSTANT, END + HOUR, True),
        (START + INSTANT, END - INSTANT, True),
        (START - HOUR, END + HOUR, True),
        (START, END, True),
    ],
)
async def test_a_range_that_only_touches_the_span_does_not_meet_it(
    storage: Storage, start: datetime, end: datetime, met: bool
):
    await done(storage, place(CONFIRMED))
    assert await occupied(storage, ROOM.id, start, end) == ([(START, END)] if met else [])


async def test_a_free_or_unknown_resource_has_no_occupied_ranges(storage: Storage):
    await done(storage, place(CONFIRMED))
    assert await occupied(storage, OTHER_ROOM.id, START, END) == []
    assert await occupied(storage, a_booking().id, START, END) == []


async def test_messages_are_those_of_the_bookings_asked_for_oldest_first(storage: Storage):
    one, two, three = a_row_of_bookings(3)
    minutes = [NOW + timedelta(minutes=n) for n in (4, 0, 3, 1, 2)]
    owners = [one, two, one, two, two]
    messages = [
        a_message(owner, created_at=when) for owner, when in zip(owners, minutes, strict=True)
    ]
    mine = {owner.id: [m for m in messages if m.booking_id == owner.id] for owner in (one, two)}
    await done(storage, place(one, *mine[one.id]), place(two, *mine[two.id]))
    await done(storage, place(three, a_message(three)))
    expected = sorted(messages, key=lambda message: message.created_at)
    assert await storage.messages([two.id, one.id]) == expected


async def test_no_bookings_have_no_messages(storage: Storage):
    assert await storage.messages([]) == []


async def test_a_page_costs_the_same_at_any_depth(storage: Storage):
    bookings = a_row_of_bookings(6000, status=BookingStatus.CANCELLED)
    await done(storage, *map(place, bookings))

    async def cost(last: Booking) -> float:
        begun = time.perf_counter()
        page = await storage.bookings(ALL, limit=5, after=Position(last.start_time, last.id))
        assert len(page) == 5
        return time.perf_counter() - begun

    # The least of many, in turns: whatever else the machine does meets both alike.
    costs = [(await cost(bookings[10]), await cost(bookings[-10])) for _ in range(30)]
    shallow, deep = map(min, zip(*costs, strict=True))
    assert deep < 4 * shallow


async def test_messages_of_very_many_bookings_are_found_at_once(storage: Storage):
    bookings = a_row_of_bookings(2)
    messages = [a_message(booking) for booking in bookings]
    await done(storage, *map(place, bookings, messages))
    ids = [bookings[0].id, *[new_id(NOW) for _ in range(40_000)], bookings[1].id]
    assert {one.id for one in await storage.messages(ids)} == {one.id for one in messages}


async def test_a_booking_asked_for_twice_gives_its_messages_once(storage: Storage):
    message = a_message(CONFIRMED)
    await done(storage, place(CONFIRMED, message))
    assert await storage.messages([CONFIRMED.id, CONFIRMED.id]) == [message]
