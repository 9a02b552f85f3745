"""When an appointment is, as people of a language write it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schedules.language import shortened

if TYPE_CHECKING:
    from babel import Locale


@dataclass(frozen=True, slots=True)
class Moments:
    """Start and end in words. Without `offset`, the zone is UTC."""

    date: str
    start: str
    end: str
    zone: str
    offset: str


def moments(start: datetime, end: datetime, zone: str, tag: str, otherwise: str) -> Moments:
    """`start` and `end` in `zone`, written as in the language of `tag` (RFC 5646).

    Where CLDR knows no more of it than the language, it is taken for `otherwise`. `end` has its
    date where it is another.
    """
    from babel.dates import format_date, format_time

    there = ZoneInfo(zone)
    start, end = start.astimezone(there), end.astimezone(there)
    locale = _locale(tag, otherwise)

    def date(local: datetime) -> str:
        return _plain(format_date(local, "full", locale))

    def time(local: datetime) -> str:
        return _plain(format_time(local, "short", locale=locale))

    return Moments(
        date=date(start),
        start=time(start),
        end=time(end) if start.date() == end.date() else f"{date(end)}, {time(end)}",
        zone=zone,
        offset="" if zone == "UTC" else f"UTC{start.isoformat()[-6:]}",
    )


@lru_cache(maxsize=256)
def _locale(tag: str, otherwise: str) -> "Locale":
    """What CLDR knows of `tag`, shortened as far as it has to be; not to the language alone."""
    from babel import Locale, UnknownLocaleError

    narrower = (one for one in shortened(tag) if "-" in one)
    for one in (*narrower, otherwise):
        try:
            return Locale.parse(one.replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "GB")


def _plain(text: str) -> str:
    """With plain blanks: CLDR's narrow ones show as boxes in some mail programs."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
