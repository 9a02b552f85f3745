"""Ids that sort by the time of their making."""

import os
import re
from datetime import datetime
from io import BytesIO

FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What an id looks like; further than that it is opaque."""


class _Ids:
    """Makes UUIDv7; those of one moment count on from a random number in the last 48 bits."""

    def __init__(self) -> None:
        self._moment: datetime | None = None
        self._millisecond = -1
        self._head = ""
        self._count = 0
        self._entropy = BytesIO()

    def make(self, now: datetime) -> str:
        if now is not self._moment:
            self._moment = now
            self._begin(int(now.timestamp() * 1000))
        self._count += 1
        return f"{self._head}{self._count:012x}"

    def _begin(self, millisecond: int) -> None:
        """Draw anew, unless ids of this millisecond were made just now: those are counted on."""
        if millisecond == self._millisecond:
            return
        self._millisecond = millisecond
        time, drawn = f"{millisecond:012x}", self._draw()
        variant = 0x8000 | drawn >> 48 & 0x3FFF
        self._head = f"{time[:8]}-{time[8:]}-7{drawn >> 62:03x}-{variant:04x}-"
        self._count = drawn & 0x7FFF_FFFF_FFFF  # one bit free, so that counting never overflows

    def _draw(self) -> int:
        """74 random bits, fetched for many at once: the call to the system costs the most."""
        drawn = self._entropy.read(10)
        if not drawn:
            self._entropy = BytesIO(os.urandom(4000))
            drawn = self._entropy.read(10)
        return int.from_bytes(drawn, "big") >> 6


new_id = _Ids().make
"""A UUIDv7 (RFC 9562, sections 5.7 and 6.2, method 2): the milliseconds of `now`, then 74 bits.

Of one process's ids made at one moment the later sorts behind the earlier.
"""


def first_id(moment: datetime) -> str:
    """The lowest id that may be made at `moment`."""
    time = f"{int(moment.timestamp() * 1000):012x}"
    return f"{time[:8]}-{time[8:]}-7000-8000-000000000000"


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return FORM.fullmatch(text) is not None
