"""Actors: the bounded mailbox, the batch, the end, and the supervisor."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import pytest

from schedules import actor
from schedules.actor import Actor, MailboxFull, Question, supervise
from tests.deadlines import until_true
from tests.schedules import leaping


class Diary(Actor[str]):
    """Notes what it was handed, batch by batch; `breaks` is a letter it cannot bear."""

    def __init__(self, *, capacity: int = 10, batch: int = 10, breaks: str = "") -> None:
        super().__init__(capacity=capacity, batch=batch)
        self.batches: list[list[str]] = []
        self._breaks = breaks

    async def handle(self, letters: Sequence[str]) -> None:
        self.batches.append(list(letters))
        if self._breaks in letters:
            raise ValueError(self._breaks)


async def test_what_waits_is_handled_at_once_and_in_order():
    diary = Diary()
    for letter in "abc":
        diary.tell(letter)
    diary.close()
    await diary.run()
    assert diary.batches == [["a", "b", "c"]]


async def test_no_more_than_a_batch_is_handled_at_once():
    diary = Diary(batch=2)
    for letter in "abcde":
        diary.tell(letter)
    diary.close()
    await diary.run()
    assert diary.batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_full_mailbox_refuses_at_once_and_keeps_what_it_has():
    diary = Diary(capacity=2)
    diary.tell("a")
    diary.tell("b")
    with pytest.raises(MailboxFull):
        diary.tell("c")
    diary.close()
    await diary.run()
    assert diary.batches == [["a", "b"]]


async def test_a_mailbox_takes_letters_again_once_it_was_emptied():
    diary = Diary(capacity=1)
    running = asyncio.create_task(diary.run())
    for count, letter in enumerate("abc"):
        diary.tell(letter)
        await until_true(lambda wanted=count + 1: len(diary.batches) == wanted)
    diary.close()
    await running
    assert diary.batches == [["a"], ["b"], ["c"]]


async def test_a_closed_actor_drains_and_takes_nothing_more():
    diary = Diary(batch=1)
    diary.tell("a")
    diary.tell("b")
    diary.close()
    with pytest.raises(MailboxFull):
        diary.tell("c")
    await diary.run()
    assert diary.batches == [["a"], ["b"]]


async def test_closing_ends_an_actor_that_waits():
    diary = Diary()
    running = asyncio.create_task(diary.run())
    await asyncio.sleep(0)
    diary.close()
    await running
    assert diary.batches == []


async def test_what_waited_while_an_actor_crashed_is_handled_afterwards():
    diary = Diary(batch=1, breaks="b")
    for letter in "abc":
        diary.tell(letter)
    with pytest.raises(ValueError, match="b"):
        await diary.run()
    diary.close()
    await diary.run()
    assert diary.batches == [["a"], ["b"], ["c"]]


async def test_a_question_is_answered():
    question = Question("how many?")
    question.settle(3)
    assert await question.answer == 3


async def test_a_question_is_answered_with_an_error():
    question = Question("how many?")
    question.settle(LookupError("none"))
    with pytest.raises(LookupError, match="none"):
        await question.answer


async def test_whoever_stopped_asking_is_no_matter():
    question = Question("how many?")
    question.answer.cancel()
    question.settle(3)
    question.settle(LookupError("none"))


class Part:
    """Crashes at each of the given runs, after so many seconds of work."""

    def __init__(self, crashes: int, *, works: float = 0) -> None:
        self.starts: list[float] = []
        self._crashes = crashes
        self._works = works

    async def run(self) -> None:
        self.starts.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._works)
        if len(self.starts) <= self._crashes:
            raise ValueError(f"crash {len(self.starts)}")


def test_who_ends_well_is_not_started_again():
    part = Part(crashes=0)
    leaping.run(supervise("part", part.run))
    assert len(part.starts) == 1


def test_who_crashes_is_started_again_a_little_later_each_time(
    caplog: pytest.LogCaptureFixture,
):
    part = Part(crashes=3)
    leaping.run(supervise("part", part.run))
    assert part.starts == pytest.approx([0, 0.2, 0.6, 1.4])
    crashed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in crashed] == ["part crashed"] * 3


def test_who_never_holds_is_given_up_with_its_own_error():
    part = Part(crashes=100)
    with pytest.raises(ValueError, match=f"crash {actor.RESTARTS + 1}"):
        leaping.run(supervise("part", part.run))
    assert len(part.starts) == actor.RESTARTS + 1


def test_who_crashes_seldom_is_started_again_for_ever():
    part = Part(crashes=30, works=actor.WINDOW / actor.RESTARTS)
    leaping.run(supervise("part", part.run))
    assert len(part.starts) == 31


def test_a_supervised_part_can_be_cancelled():
    async def cancel() -> None:
        running = asyncio.create_task(supervise("part", asyncio.Event().wait))
        await asyncio.sleep(1)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert running.cancelled()

    leaping.run(cancel())
