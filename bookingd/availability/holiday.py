"""Public holidays of a country or a part of it, by the `holidays` library.

It takes a while to load, and is loaded when the first is asked for.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

SOME_YEAR = 2000


def are_known(place: str) -> bool:
    """Whether the library knows the public holidays of a place."""
    try:
        _asked(place, SOME_YEAR)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=256)
def holidays_of(place: str, year: int) -> frozenset[date]:
    """The public holidays of a year in a place by ISO 3166, such as `DE` or `DE-BY`.

    None for a place that the library does not know any more; `bookingd doctor` tells of it.
    """
    try:
        return frozenset(_asked(place, year))
    except NotImplementedError:
        return frozenset()


def _asked(place: str, year: int) -> Iterable[date]:
    from holidays import country_holidays

    country, _, part = place.partition("-")
    return country_holidays(country, subdiv=part or None, years=year)
