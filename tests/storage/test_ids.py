from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from storage.ids import is_id, new_id

NOW = datetime(2026, 3, 2, 9, 0, 0, 123_456, tzinfo=UTC)


def milliseconds(id_: str) -> int:
    return UUID(id_).int >> 80


def test_an_id_is_a_uuid_of_version_7():
    id_ = new_id(NOW)
    assert str(UUID(id_)) == id_
    assert (UUID(id_).version, UUID(id_).variant) == (7, RFC_4122)


def test_an_id_tells_the_millisecond_of_its_making():
    assert milliseconds(new_id(NOW)) == 1772442000123


@pytest.mark.parametrize("year", [1970, 2000, 2100, 9999])
def test_an_id_can_be_of_any_year(year: int):
    made = datetime(year, 6, 1, tzinfo=UTC)
    assert milliseconds(new_id(made)) == made.timestamp() * 1000


def test_ids_sort_by_the_time_of_their_making():
    times = [NOW + timedelta(milliseconds=step**3) for step in range(200)]
    ids = [new_id(made) for made in times]
    assert ids == sorted(ids)


def test_an_id_of_another_zone_is_of_the_same_instant():
    elsewhere = NOW.astimezone(tz=None)
    assert milliseconds(new_id(elsewhere)) == milliseconds(new_id(NOW))


def test_ids_of_one_instant_differ_and_sort_as_they_were_made():
    ids = [new_id(NOW) for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_an_id_has_the_form_of_an_id():
    assert is_id(new_id(NOW))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "019cadc6-9a80-7000-8000-00000000000",
        "019cadc6-9a80-7000-8000-000000000000 ",
        "019cadc6-9a80-7000-8000-000000000000\n",
        "019CADC6-9A80-7000-8000-000000000000",
        "019cadc69a8070008000000000000000",
        "{019cadc6-9a80-7000-8000-000000000000}",
        "01٩cadc6-9a80-7000-8000-000000000000",
    ],
)
def test_another_text_has_not(text: str):
    assert not is_id(text)
