"""Public holidays by place and year."""

from datetime import date

import pytest

from bookingd.availability.holiday import are_known, holidays_of


def test_a_part_of_a_country_has_holidays_of_its_own():
    epiphany = date(2027, 1, 6)
    assert epiphany in holidays_of("DE-BY", 2027)
    assert epiphany not in holidays_of("DE", 2027)


@pytest.mark.parametrize("place", ["QQ", "DE-XX"])
def test_a_place_that_nobody_knows_has_none(place: str):
    assert not are_known(place)
    assert holidays_of(place, 2027) == frozenset()


@pytest.mark.parametrize("place", ["DE", "US-CA", "PT-11"])
def test_others_are_known(place: str):
    assert are_known(place)
    assert holidays_of(place, 2027)
