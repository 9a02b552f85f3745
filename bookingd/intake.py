"""What a service asks of who books it. Pure."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any

from storage.model import Question, QuestionType, Service

MISSING = "Is needed."
"""What the schemas say of it, too."""

_NUMBER = r"-?[0-9]{1,15}(\.[0-9]{1,9})?"


class Incomplete(Exception):
    """What a booking says of its customer is not what its service asks; by field, what is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("a booking says less, or other things, than its service asks")
        self.errors = errors


def check_new(service: Service, details: Mapping[str, Any], usual: Collection[str]) -> None:
    """A new booking has what is required and answers the questions that there are.

    `usual` are the required fields of the house. Raises `Incomplete`.
    """
    wrong = {name: MISSING for name in _required(service, usual) if not details.get(name)}
    if service.questions:
        wrong.update(_wrong_answers(service.questions, details.get("answers", {})))
    if wrong:
        raise Incomplete(wrong)


def check_edit(
    service: Service,
    details: Mapping[str, Any],
    usual: Collection[str],
    answered: Mapping[str, str],
) -> None:
    """What is required cannot be taken from a booking, and what it answers otherwise has to fit.

    What it has `answered` it may keep, whatever is asked by now. Raises `Incomplete`.
    """
    wrong = {
        name: MISSING
        for name in _required(service, usual)
        if name in details and details[name] is None
    }
    answers = details.get("answers", answered)
    if service.questions:
        new = {f"answers.{label}" for label, _ in answers.items() ^ answered.items()}
        wrong.update(one for one in _wrong_answers(service.questions, answers) if one[0] in new)
    if wrong:
        raise Incomplete(wrong)


def _required(service: Service, usual: Collection[str]) -> Collection[str]:
    return usual if service.required_fields is None else service.required_fields


def _wrong_answers(
    questions: Collection[Question], answers: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for label in answers.keys() - {question.label for question in questions}:
        yield f"answers.{label}", "Is no question of this service."
    for question in questions:
        given = answers.get(question.label)
        if given is None and question.required:
            yield f"answers.{question.label}", MISSING
        if given is not None and (hint := _hint(question, given)):
            yield f"answers.{question.label}", hint


def _hint(question: Question, given: str) -> str | None:
    """What is wrong with an answer, if anything is."""
    if question.type is QuestionType.CHOICE:
        known = ", ".join(question.choices)
        return None if given in question.choices else f"Must be one of: {known}."
    fits, hint = _TYPES[question.type]
    return None if fits(given) else hint


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_TYPES: Mapping[QuestionType, tuple[Callable[[str], object], str]] = {
    QuestionType.TEXT: (lambda text: text.splitlines() == [text], "Must be one line."),
    QuestionType.LINES: (lambda _: True, ""),
    QuestionType.NUMBER: (
        lambda text: re.fullmatch(_NUMBER, text),
        "Must be a number such as 12 or -1.5.",
    ),
    QuestionType.DATE: (_is_day, "Must be a day such as 2027-12-24."),
    QuestionType.YES_NO: (lambda text: text in {"yes", "no"}, "Must be yes or no."),
}
"""For each type but a choice, what fits, and what to say when it does not."""
