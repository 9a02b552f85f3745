"""Free slots without end: distinct, edge to edge, in the order in which customers would come.

People book in no order, but for the weeks ahead and not for decades. So slots are taken in a
scattered order within a month, month after month.
"""

from datetime import UTC, datetime, timedelta

MINUTES = 5
"""How long each booking lasts."""

MONTH = 1 << 13
"""Slots of one month: 8,192 of five minutes are 28 days."""

COUNT = 500 * MONTH
"""How many slots there are: 39 years of them."""

STRIDE = 5_063
"""Odd, so that steps of it meet each slot of a month once; near MONTH by the golden ratio, so that
slots met one after the other lie far apart."""

OPENING = datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
"""The first slot: always ahead, so that bookings owe mails and reminders."""


def start(index: int) -> datetime:
    """Where slot `index` begins."""
    if index >= COUNT:
        raise IndexError("no slots left; measure for less time")
    month, turn = divmod(index, MONTH)
    return OPENING + timedelta(minutes=MINUTES * (month * MONTH + turn * STRIDE % MONTH))


def customer(index: int) -> int:
    """The number of the customer who takes slot `index`: scattered, all different."""
    return index * 2_592_221 % (1 << 22)
