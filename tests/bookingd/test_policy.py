"""The status machine, when a booking may begin, and how long it may be."""

from contextlib import nullcontext
from datetime import timedelta
from itertools import product

import pytest

from bookingd.policy import (
    EVENT_OF,
    TRANSITIONS,
    InPast,
    InvalidTransition,
    WrongLength,
    check_length,
    check_start,
    check_transition,
)
from storage.model import LIVE, BookingStatus
from tests.records import INSTANT, NOW, a_service

#                  to  PENDING CONFIRMED CANCELLED COMPLETED NO_SHOW
TABLE = {
    BookingStatus.PENDING: "-     yes       yes       -         -",
    BookingStatus.CONFIRMED: "-   -         yes       yes       yes",
    BookingStatus.CANCELLED: "-   -         -         -         -",
    BookingStatus.COMPLETED: "-   -         -         -         yes",
    BookingStatus.NO_SHOW: "-     -         -         yes       -",
}
ALLOWED = {
    (before, after)
    for before, row in TABLE.items()
    for after, word in zip(BookingStatus, row.split(), strict=True)
    if word == "yes"
}


@pytest.mark.parametrize(("before", "after"), list(product(BookingStatus, BookingStatus)))
def test_the_status_machine_is_this_table(before: BookingStatus, after: BookingStatus):
    if (before, after) in ALLOWED:
        check_transition(before, after)
    else:
        with pytest.raises(InvalidTransition, match=f"{before} cannot become {after}"):
            check_transition(before, after)


def test_every_status_stands_in_the_machine():
    assert set(TRANSITIONS) == set(BookingStatus)


def test_every_status_that_can_be_reached_has_an_event():
    assert set(EVENT_OF) == {after for _, after in ALLOWED}


def test_what_has_let_its_slot_go_never_takes_it_again():
    assert [pair for pair in ALLOWED if pair[0] not in LIVE and pair[1] in LIVE] == []


def test_a_booking_begins_in_the_future():
    check_start(NOW + INSTANT, NOW)


@pytest.mark.parametrize("ago", [timedelta(0), INSTANT, timedelta(days=4000)])
def test_what_has_begun_cannot_be_booked(ago: timedelta):
    with pytest.raises(InPast):
        check_start(NOW - ago, NOW)


@pytest.mark.parametrize(
    ("durations", "minutes", "fits"),
    [((), 1, True), ((30,), 30, True), ((60, 30), 30, True), ((30,), 60, False), ((9,), 8, False)],
)
def test_a_booking_is_as_long_as_its_service_comes(
    durations: tuple[int, ...], minutes: int, fits: bool
):
    service = a_service(durations=durations)
    with nullcontext() if fits else pytest.raises(WrongLength):
        check_length(timedelta(minutes=minutes), service)
