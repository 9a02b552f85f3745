"""The desk: every change of a booking passes here, and all that wait share one commit."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from schedules.actor import Actor, Question
from storage.interface import Storage
from storage.writes import Write

Result = TypeVar("Result")

CAPACITY = 1024
"""Writes that may wait; the next one is told to come back."""

BATCH = 16
"""Writes of one commit. To share one costs less than one each; but while it is under way the next
is to be gathered, and from as many as can ask at a time a commit of all would leave nobody to."""


class Desk(Actor[Question[Write[Any]]]):
    """Takes writes, commits them together, answers each asker, and says when it has."""

    def __init__(self, storage: Storage, after_commit: Callable[[], None]) -> None:
        super().__init__(capacity=CAPACITY, batch=BATCH)
        self._storage = storage
        self._after_commit = after_commit

    async def ask(self, write: Write[Result]) -> Result:
        """Have `write` carried out. Raises its `StorageError`, or `MailboxFull` at once.

        Whoever goes away while waiting does not undo the write.
        """
        question: Question[Write[Any]] = Question(write)
        self.tell(question)
        answer: Any = await question.answer
        return answer  # type: ignore[no-any-return]

    async def handle(self, letters: Sequence[Question[Write[Any]]]) -> None:
        """Commit all of them and answer each."""
        try:
            outcomes = await self._storage.commit([question.letter for question in letters])
        except Exception as error:
            for question in letters:
                question.settle(error)
            raise
        for question, outcome in zip(letters, outcomes, strict=True):
            question.settle(outcome)
        self._after_commit()
