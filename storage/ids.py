"""Ids that sort by the time of their making."""

import os
import re
from datetime import datetime
from io import BytesIO

FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What an id looks like; further than that it is opaque."""

_RANDOM_BITS = 74
_VARIANT_AT = 62


class _Ids:
    """Makes UUIDv7; those of one millisecond count on from a random number."""

    def __init__(self) -> None:
        self._millisecond = -1
        self._random = 0
        self._entropy = BytesIO()

    def make(self, now: datetime) -> str:
        millisecond = int(now.timestamp() * 1000)
        if millisecond == self._millisecond:
            self._random += 1
        else:
            self._millisecond = millisecond
            self._random = self._draw()
        high, low = divmod(self._random, 1 << _VARIANT_AT)
        value = millisecond << 80 | 0x7 << 76 | high << 64 | 0x2 << _VARIANT_AT | low
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _draw(self) -> int:
        """One bit less than there is room for, so that counting on never overflows.

        Entropy is fetched for many at once: the call to the system costs more than all the rest.
        """
        drawn = self._entropy.read(10)
        if not drawn:
            self._entropy = BytesIO(os.urandom(4000))
            drawn = self._entropy.read(10)
        return int.from_bytes(drawn, "big") >> (81 - _RANDOM_BITS)


new_id = _Ids().make
"""A UUIDv7 (RFC 9562, sections 5.7 and 6.2, method 2): the milliseconds of `now`, then 74 bits.

Of one process's ids made at one moment the later sorts behind the earlier.
"""


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return FORM.fullmatch(text) is not None
