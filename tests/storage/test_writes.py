import pytest

from storage.writes import Change, Place
from tests.records import a_booking, a_message, an_event


def test_all_parts_of_a_write_are_of_one_booking():
    one, other = a_booking(), a_booking()
    with pytest.raises(ValueError, match="of another booking"):
        Place(one, an_event(other), [])
    with pytest.raises(ValueError, match="of another booking"):
        Place(one, an_event(one), [a_message(other)])
    with pytest.raises(ValueError, match="of another booking"):
        Change(one, 1, an_event(one), [a_message(one), a_message(other)])
