"""What a service asks of who books it."""

from typing import Any

import pytest

from bookingd.intake import MISSING, Incomplete, check_edit, check_new
from storage.model import Question, QuestionType
from tests.records import a_service

USUAL = frozenset({"name", "email"})
ADA = {"name": "Ada", "email": "ada@example.org"}


def wrong(details: dict[str, Any], **service: Any) -> dict[str, str]:
    """By field, what a new booking is refused for."""
    try:
        check_new(a_service(**service), ADA | details, USUAL)
    except Incomplete as refusal:
        return dict(refusal.errors)
    return {}


def test_the_house_says_what_is_required_where_the_service_does_not():
    assert wrong({}) == {}
    assert wrong({"name": None}) == {"name": MISSING}
    with pytest.raises(Incomplete):
        check_new(a_service(), {}, USUAL)


def test_a_service_says_so_for_itself():
    fields = ("company", "phone")
    assert wrong({"name": None}, required_fields=()) == {}
    missing = dict.fromkeys(fields, MISSING)
    assert wrong({"company": None}, required_fields=fields) == missing
    assert wrong({"company": "Example", "phone": "112"}, required_fields=fields) == {}


def test_what_is_required_is_not_taken_away():
    service = a_service(required_fields=("phone",))
    check_edit(service, {"company": None, "inquiry": None}, USUAL, {})
    check_edit(service, {}, USUAL, {})
    with pytest.raises(Incomplete) as refusal:
        check_edit(service, {"phone": None}, USUAL, {})
    assert refusal.value.errors == {"phone": MISSING}


QUESTIONS = (
    Question(label="Which?", required=True),
    Question(label="Why?"),
)


def test_questions_that_have_to_be_answered_are():
    assert wrong({}, questions=QUESTIONS) == {"answers.Which?": MISSING}
    assert wrong({"answers": {"Why?": "x"}}, questions=QUESTIONS) == {"answers.Which?": MISSING}
    assert wrong({"answers": {"Which?": "x"}}, questions=QUESTIONS) == {}


@pytest.mark.parametrize(
    ("answered", "answers", "named"),
    [
        ({"Which?": "a"}, {"Which?": "b", "Why?": "x"}, []),
        ({"Which?": "a"}, {}, ["answers.Which?"]),
        ({"Which?": "a"}, {"Which?": "b\nc"}, ["answers.Which?"]),
        ({"Which?": "a"}, {"Which?": "a", "Who?": "x"}, ["answers.Who?"]),
        ({"Which?": "a", "Who?": "x"}, {"Which?": "a", "Who?": "y"}, ["answers.Who?"]),
        ({"Who?": "x"}, {"Who?": "x", "Why?": "y"}, []),
        ({"Who?": "x"}, {}, []),
    ],
)
def test_an_edit_may_keep_what_was_answered_and_has_to_fit_otherwise(
    answered: dict[str, str], answers: dict[str, str], named: list[str]
):
    wrong = {}
    try:
        check_edit(a_service(questions=QUESTIONS), {"answers": answers}, (), answered)
    except Incomplete as refusal:
        wrong = refusal.errors
    assert list(wrong) == named


def test_where_there_are_no_questions_an_edit_answers_what_it_likes():
    check_edit(a_service(), {"answers": {"Who?": "x"}}, (), {})


def test_where_there_are_questions_others_are_not_answered():
    given = {"Which?": "x", "Who?": "y", "": "z"}
    refused = wrong({"answers": given}, questions=QUESTIONS)
    assert refused == {
        "answers.Who?": "Is no question of this service.",
        "answers.": "Is no question of this service.",
    }


def test_where_there_are_none_anything_is_answered():
    assert wrong({"answers": {"Who?": "y"}}) == {}


@pytest.mark.parametrize(
    ("type_", "fits", "not_"),
    [
        (QuestionType.TEXT, ["x", "a b"], ["a\nb", "a\r\nb", "a\n", "a\u2028b"]),
        (QuestionType.LINES, ["x", "a\nb"], []),
        (QuestionType.NUMBER, ["0", "12", "-1.5", "007"],
         ["", "1,5", "1e3", "0x1", "1.", ".5", "+1", " 1", "\u0661", "1_0", "1\n", "9" * 16]),
        (QuestionType.DATE, ["1990-12-24", "2024-02-29"],
         ["24.12.1990", "1990-13-01", "2023-02-29", "19901224", "1990-W52-1", "1990-12-24\n"]),
        (QuestionType.YES_NO, ["yes", "no"], ["Yes", "true", "ja", "y"]),
    ],
)  # fmt: skip
def test_answers_are_of_their_type(type_: QuestionType, fits: list[str], not_: list[str]):
    questions = (Question(label="q", type=type_),)
    for text in fits:
        assert wrong({"answers": {"q": text}}, questions=questions) == {}, text
    for text in not_:
        assert list(wrong({"answers": {"q": text}}, questions=questions)) == ["answers.q"], text


def test_a_choice_is_made_among_those_that_there_are():
    questions = (Question(label="q", type=QuestionType.CHOICE, choices=("a", "b")),)
    assert wrong({"answers": {"q": "b"}}, questions=questions) == {}
    refused = wrong({"answers": {"q": "c"}}, questions=questions)
    assert refused == {"answers.q": "Must be one of: a, b."}
