"""When to try again."""

from datetime import timedelta

import pytest

from schedules.retry import ATTEMPTS, JITTER, Backoff, pause_after

TABLE = ["2s", "4s", "8s", "1m", "5m", "30m", "2h", "4h", "8h", "24h"]
UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def length(text: str) -> timedelta:
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})


def test_the_table_is_the_one_that_was_promised():
    assert list(ATTEMPTS) == [length(text) for text in TABLE]


@pytest.mark.parametrize("attempt", range(1, len(TABLE) + 1))
def test_a_pause_is_up_to_a_tenth_longer_than_the_table_says(attempt: int):
    least = length(TABLE[attempt - 1])
    pauses = [pause_after(attempt) for _ in range(200)]
    assert all(pause and least <= pause <= least * (1 + JITTER) for pause in pauses)


def test_what_failed_together_does_not_come_back_together():
    assert len({pause_after(4) for _ in range(20)}) > 1


def test_who_fails_once_more_than_the_table_has_pauses_is_given_up():
    assert pause_after(len(TABLE)) is not None
    assert pause_after(len(TABLE) + 1) is None
    assert pause_after(1000) is None


def test_other_pauses_can_be_asked_for():
    pauses = [timedelta(hours=1)]
    assert (pause_after(1, pauses) or timedelta()) >= timedelta(hours=1)
    assert pause_after(2, pauses) is None


def test_a_backoff_doubles_up_to_its_longest_pause():
    backoff = Backoff(first=1, longest=30)
    assert [backoff.fault() for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_backoff_begins_anew_when_all_is_well():
    backoff = Backoff(first=1, longest=30)
    pauses = [backoff.fault(), backoff.fault()]
    backoff.reset()
    assert [*pauses, backoff.fault()] == [1, 2, 1]
