"""What the long runs expect of reminders when the clock steps."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from nemesis.expected import AHEAD, Asked, Owed, Stretch, outcome, wrong_reminders

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def stretches(*begun_after: timedelta) -> list[Stretch]:
    """Stretches of a minute that begin so long after noon."""
    return [Stretch(NOON + after, NOON + after + MINUTE) for after in begun_after]


def asked(due_after: timedelta, **fields: object) -> Asked:
    values = {"id": "b", "start": NOON + due_after + AHEAD, "stretch": 0, "at": NOON}
    return Asked(**values | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("due_after", "steps", "state"),
    [
        (MINUTE / 2, [0 * HOUR], "sent"),
        (HOUR, [0 * HOUR], "pending"),
        (HOUR, [0 * HOUR, 2 * HOUR], "sent"),
        (HOUR, [0 * HOUR, 30 * HOUR], "missed"),
        (HOUR, [0 * HOUR, 30 * HOUR, MINUTE], "pending"),
        (HOUR, [0 * HOUR, 30 * HOUR, 2 * HOUR], "sent"),
        (MINUTE / 2, [0 * HOUR, -HOUR], "sent"),
        (HOUR, [0 * HOUR, -HOUR], "pending"),
    ],
)
def test_a_reminder_is_sent_when_the_clock_shows_its_moment_before_the_start(
    due_after: timedelta, steps: list[timedelta], state: str
):
    assert outcome(asked(due_after), stretches(*steps)) == state


def test_what_was_before_the_booking_does_not_count():
    late = asked(HOUR, stretch=1, at=NOON)
    assert outcome(late, stretches(2 * HOUR, 0 * HOUR)) == "pending"


def test_a_cancelled_booking_reminds_nobody():
    assert outcome(asked(MINUTE / 2, cancelled=True), stretches(0 * HOUR)) == "superseded"


@pytest.mark.parametrize(
    ("states", "came", "complaints"),
    [
        (["sent"], 1, 0),
        (["sent"], 2, 1),
        (["sent"], 0, 1),
        (["missed"], 0, 2),
        ([], 0, 2),
        (["sent", "pending"], 1, 1),
    ],
)
def test_whatever_else_is_complained_of(states: list[str], came: int, complaints: int):
    reminders = [Owed(str(number), "b", state) for number, state in enumerate(states)]
    wrong = wrong_reminders(
        [asked(MINUTE / 2)], stretches(0 * HOUR), reminders, Counter({"0": came})
    )
    assert len(wrong) == complaints
