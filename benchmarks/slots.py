"""Free slots without end: distinct, spread over forty years, never two that overlap."""

from datetime import UTC, datetime, timedelta

MINUTES = 5
"""How long each booking lasts; slots lie edge to edge."""

COUNT = 1 << 22
"""How many slots there are from `OPENING` on: forty years of them."""

STRIDE = 2_592_221
"""Odd, so that slots met in this step are all different, and near COUNT by the golden ratio, so
that neighbours in time are far apart in order: an index is written all over, not at its end."""

OPENING = datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
"""The first slot: always ahead, so that bookings owe mails and reminders."""


def start(index: int) -> datetime:
    """Where slot `index` begins."""
    if index >= COUNT:
        raise IndexError("no slots left; measure for less time")
    return OPENING + timedelta(minutes=MINUTES * (index * STRIDE % COUNT))
