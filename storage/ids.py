"""Ids that sort by the time of their making."""

import os
import re
from datetime import datetime


def new_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562, section 5.7): the milliseconds of `now`, then 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    value = int(now.timestamp() * 1000) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return _FORM.fullmatch(text) is not None


_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
