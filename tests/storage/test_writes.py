import pytest

from storage.model import Booking, Event, Message
from storage.writes import Change, Place
from tests.records import a_booking, a_message, an_event, changed

ONE = a_booking()
each_other = pytest.mark.parametrize(
    "other", [a_booking(), changed(ONE)], ids=["booking", "version"]
)


@each_other
def test_all_parts_of_a_write_are_of_one_booking_at_one_version(other: Booking):
    parts: list[tuple[Event, list[Message]]] = [
        (an_event(other), []),
        (an_event(other), [a_message(other)]),
        (an_event(ONE), [a_message(other)]),
        (an_event(ONE), [a_message(ONE), a_message(other)]),
    ]
    for event, messages in parts:
        with pytest.raises(ValueError, match="of another booking, or of another version"):
            Place(ONE, event, messages)
        with pytest.raises(ValueError, match="of another booking, or of another version"):
            Change(ONE, ONE.version, event, messages)


def test_a_change_is_of_the_version_that_it_makes():
    after = changed(ONE)
    assert Change(after, ONE.version, an_event(after), [a_message(after)]).booking == after
