from datetime import timedelta
from typing import Any

import orjson
import pytest

from storage.rows import as_json, read, text
from tests.records import (
    DAY,
    INSTANT,
    NOW,
    a_booking,
    a_key,
    a_message,
    a_reminder,
    a_resource,
    a_service,
    an_event,
)

RECORDS = [
    a_booking(answers={"colour": "grün"}, company=None, confirmation_sent=True),
    an_event(a_booking(), detail={"name": ["Ada", "Grace"]}),
    a_message(a_booking(answers={"a": "b"})),
    a_reminder(a_booking(), leased_by=7, attempts=2, last_error="451", sent_at=NOW),
    a_service(needs_confirmation=True, buffer_before=5),
    a_resource(time_zone="Europe/Berlin"),
    a_key(expires_at=NOW, origins=("https://example.org",), last_used_at=NOW),
]
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)


@pytest.mark.parametrize("record", [RECORDS[0], RECORDS[1], RECORDS[4], RECORDS[6]])
def test_a_record_comes_back_from_its_json(record: Any):
    assert read(type(record), orjson.loads(as_json(record))) == record


def test_texts_of_instants_sort_as_the_instants_do():
    instants = [NOW + n * DAY + n % 3 * INSTANT for n in range(-9000, 9000, 7)]
    texts = [text(instant) for instant in instants]
    assert texts == sorted(texts)


def test_a_text_has_microseconds_where_there_are_any():
    assert text(NOW) == "2026-03-02T09:00:00+00:00"
    assert text(NOW + timedelta(microseconds=10)) == "2026-03-02T09:00:00.000010+00:00"


def test_a_text_is_what_json_says():
    for instant in (NOW, NOW + timedelta(microseconds=10)):
        assert as_json([instant]) == f'["{text(instant)}"]'
