"""All that matches, page by page."""

from itertools import chain

import pytest

from storage.interface import BookingFilter, Sort, Storage
from storage.pages import pages
from tests.records import HOUR, START, a_booking, a_row_of_bookings, change, done, moved, place

ALL = BookingFilter()


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])]
)
async def test_every_booking_is_in_one_page(
    storage: Storage, sort: Sort, count: int, sizes: list[int]
):
    await done(storage, *map(place, a_row_of_bookings(count)))
    found = [page async for page in pages(storage, ALL, sort=sort, size=3)]
    assert [len(page) for page in found] == sizes
    assert list(chain.from_iterable(found)) == await storage.bookings(ALL, sort=sort, limit=99)


async def test_by_creation_nothing_that_moves_is_left_out_or_comes_twice(storage: Storage):
    bookings = a_row_of_bookings(6)
    await done(storage, *map(place, bookings))
    found = []
    async for page in pages(storage, ALL, sort=Sort.CREATED, size=2):
        if not found:
            ends = [bookings[0], bookings[-1]]
            await done(
                storage,
                change(moved(ends[0], START + 100 * HOUR)),
                change(moved(ends[1], START - 100 * HOUR)),
                place(a_booking(start=START + 200 * HOUR)),
            )
        found += [booking.id for booking in page]
    assert found[:6] == [booking.id for booking in bookings]
    assert len(found) == len(set(found)) == 7
