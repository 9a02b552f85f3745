"""Bad bodies: each gets the right 4xx with the field named, and nothing is written."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.api.parser import _once
from tests.bookingd.api.conftest import Answer, House, a_body, assert_error
from tests.bookingd.conftest import PUBLIC

JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(a_body())
SLOT = {"startTime": "2026-03-09T10:00:00Z", "duration": 60}


def slot(**fields: Any) -> Any:
    return a_body(timeSlot=SLOT | fields)


def without(name: str) -> Any:
    return {key: value for key, value in a_body().items() if key != name}


def beside(text: str) -> str:
    """A good body with this member more."""
    return f"{GOOD[:-1]}, {text}}}"


async def post(house: House, body: Any, **options: Any) -> Answer:
    """Post it; nothing may come of it."""
    before = await house.written()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"headers": JSON} | options
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, data=data, **headers)
    assert await house.written() == before
    return answer


FIELDS: list[tuple[str, Any, tuple[str, ...]]] = [
    ("nothing at all", {}, ("name", "email", "company", "timeSlot")),
    ("unknown field", a_body(colour="red"), ("colour",)),
    ("unknown field of a python name", a_body(time_slot=SLOT), ("time_slot",)),
    ("unknown empty field", a_body(**{"": 1}), ("",)),
    *[(f"unknown field {name}", a_body(**{name: 1}), (name,))
      for name in ("key", "value", "json", "querystring", "__proto__")],
    ("unknown field in the slot", slot(end="x"), ("timeSlot.end",)),
    ("fields of the server's", a_body(id="x", status="CONFIRMED", version=1),
     ("id", "status", "version")),
    *[(f"no {name}", without(name), (name,)) for name in ("name", "email", "company", "timeSlot")],
    *[(f"{name} null", a_body(**{name: None}), (name,))
      for name in ("name", "email", "company", "timeSlot", "answers", "serviceId", "resourceId")],
    *[(f"name {value!r}", a_body(name=value), ("name",))
      for value in (1, 1.5, True, [], {}, ["Ada"], 2**63, "", " ", "\t", "\n", "x" * 201)],
    *[(f"{name} with {mark!r}", a_body(**{name: f"Ada{mark}Example"}), (name,))
      for name in ("name", "company")
      for mark in ("\r\nBcc: all@example.org", "\n", "\r", "\0", "\x07", "\x1b", "\x7f", "\x85",
                   "\u2028", "\u2029", "\u202e", "\u2066", "\ud800", "\udfff")],
    *[(f"inquiry with {mark!r}", a_body(inquiry=f"What{mark}ever"), ("inquiry",))
      for mark in ("\0", "\x1b", "\u202e", "\ud83d")],
    ("inquiry too long", a_body(inquiry="x" * 5001), ("inquiry",)),
    *[(f"email {value!r}", a_body(email=value), ("email",))
      for value in (1, "", "ada", "@", "ada@", "@example.org", "ada@example", "a b@example.org",
                    "ada@example..org", "ada@exa mple.org", ".ada@example.org", "ada@-x.org",
                    "Ada <ada@example.org>", "ada@example.org, b@example.org", "ada@example.org\n",
                    "ada@example.org\r\nBcc: b@example.org", "ada\0@example.org",
                    "ada@[127.0.0.1]", "\u00e4da@example.org", "ada@example.org;b@example.org",
                    f"{'a' * 65}@example.org", f"ada@{'a' * 250}.org", "ada@ex\u202eample.org")],
    *[(f"phone {value!r}", a_body(phone=value), ("phone",))
      for value in (1, "", "x", "12", "call me", "+", "+0", "+49", "+1234567890123456789012",
                    "0301\n234", "\u0661\u0662\u0663\u0664\u0665\u0666", "030--------1", "0" * 41,
                    "+49 30 901820\0", "030;ext=1", "<script>")],
    *[(f"timeZone {value!r}", a_body(timeZone=value), ("timeZone",))
      for value in (1, "", ".", "..", "../../etc/passwd", "/etc/localtime", "Europe",
                    "Europe/", "Mars/Base", "Europe/Berlin\0", "x" * 5000, "\ud800", "+01:00", [])],
    *[(f"locale {value!r}", a_body(locale=value), ("locale",))
      for value in (1, "", "x", "en_US", "en-", "../..", "de\n", "e" * 50, "de-DE-u",
                    "de--DE", "en-x", "de-DE-AT", f"en-x{'-12345678' * 11}")],
    *[(f"{name} {value!r}", a_body(**{name: value}), (name,))
      for name in ("serviceId", "resourceId")
      for value in (1, "", "1", "x" * 36, "00000000-0000-7000-8000-00000000ffff",
                    "00000000-0000-7000-8000-00000000000\u0661",
                    "00000000-0000-7000-8000-0000000000B1", "' OR 1=1 --")],
    *[(f"answers {value!r}", a_body(answers=value), ("answers",)) for value in (1, "x", [], [1])],
    ("answers by the score", a_body(answers={str(n): "x" for n in range(51)}), ("answers",)),
    ("answer too long", a_body(answers={"q": "x" * 2001}), ("answers.q",)),
    ("answer of another type", a_body(answers={"q": 1, "r": None}), ("answers.q", "answers.r")),
    ("question with a control character", a_body(answers={"q\0": "x"}), ("answers.q\0",)),
    ("answer to a question called value", a_body(answers={"value": 1}), ("answers.value",)),
    *[(f"timeSlot {value!r}", a_body(timeSlot=value), ("timeSlot",))
      for value in (1, "x", [], [SLOT])],
    ("empty timeSlot", a_body(timeSlot={}), ("timeSlot.startTime", "timeSlot.duration")),
    *[(f"duration {value!r}", slot(duration=value), ("timeSlot.duration",))
      for value in (None, 0, -1, -60, 1441, 10**9, 2**63, 2**64, 1.5, 1e30, True, False, "60", "",
                    [], {}, [60])],
    *[(f"startTime {value!r}", slot(startTime=value), ("timeSlot.startTime",))
      for value in (
          None, 0, 1773050400, 1.5, True, [], {}, "", "x", "tomorrow", "2026-03-09",
          "2026-03-09T10:00", "2026-03-09T10:00:00", "2026-03-09 10:00:00Z",
          "2026-03-09T10:00:00+01",
          "2026-03-09T10:00:00+0100", "2026-03-09T10:00:00 01:00", "2026-03-09T10:00:00z ",
          " 2026-03-09T10:00:00Z", "2026-3-9T10:00:00Z", "2026-02-30T10:00:00Z",
          "2026-13-01T10:00:00Z",
          "2026-03-09T25:00:00Z", "2026-03-09T24:00:00Z", "2026-03-09T10:60:00Z",
          "2026-06-30T23:59:60Z", "2026-03-09T10:00:00+24:00", "2026-03-09T10:00:00+99:99",
          "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
          "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z",
          "2100-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "+002026-03-09T10:00:00Z",
          "2026-03-09T10:00:00Z\0", "2026-03-09T10:00:00Z\n",
          "\u0662\u0660\u0662\u0666-03-09T10:00:00Z",
          "2026-W11-1T10:00:00Z", "20260309T100000Z", "2026-03-09T10:00:00.1234567Z",
      )],
    ("many at once", a_body(name=1, email="x", phone="x", timeSlot={"duration": 0}),
     ("name", "email", "phone", "timeSlot.duration", "timeSlot.startTime")),
]  # fmt: skip


KINDS = list(dict.fromkeys(title.partition(" ")[0] for title, _, _ in FIELDS))


@pytest.mark.parametrize("kind", KINDS)
async def test_every_bad_field_is_named(house: House, kind: str):
    for title, body, fields in FIELDS:
        if title.partition(" ")[0] == kind:
            answer = await post(house, body)
            assert answer.status == 400, title
            assert_error(answer, 400, "VALIDATION_ERROR", *fields)


@pytest.mark.parametrize(
    ("start", "hint"),
    [
        ("2026-03-09T10:00:00", "offset"),
        ("9999-12-31T23:59:59-14:00", "calendar"),
        ("2200-01-01T00:00:00Z", "between"),
    ],
)
async def test_a_bad_time_is_told_what_is_wrong_with_it(house: House, start: str, hint: str):
    answer = await post(house, slot(startTime=start))
    assert hint in answer.body["errors"][0]["message"]


async def test_only_so_many_fields_are_told(house: House):
    answer = await post(house, a_body(**{f"x{number}": 1 for number in range(1000)}))
    assert answer.status == 400
    assert len(answer.body["errors"]) == 50


async def test_advice_for_programmers_of_the_daemon_is_not_told(house: House):
    answer = await house.call(
        "POST",
        "/api/bookings",
        data='{"x": ' + "9" * 5000 + "}",
        headers={"Content-Type": "application/json"},
    )
    assert answer.body["errorCode"] == "MALFORMED_JSON"
    assert "sys." not in answer.text
    assert "digits" in answer.body["message"]


@pytest.mark.parametrize("name", ["a\ud800b", "\udfff", "a\0b", "x" * 1000])
async def test_the_strangest_field_name_can_be_told(house: House, name: str):
    answer = await post(house, a_body(**{name: 1}))
    assert answer.status == 400
    assert len(answer.body["errors"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b'{"name": }',
        b"{'name': 'Ada'}",
        GOOD.encode() + b"}",
        GOOD.encode() + GOOD.encode(),
        GOOD[:-1].encode() + b",}",
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-32"),
        GOOD.replace("Ada", "Zo\u00eb").encode("latin-1"),
        GOOD.encode() + b"\xff",
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\xc0\x80"}',
        b'{"name": "\x00"}',
        b'{"name": "a\nb"}',
        b'{"name": "\\u12"}',
        b'{"name": "\\x41"}',
        b"\x00",
        beside('"x": NaN').encode(),
        beside('"x": Infinity').encode(),
        beside('"x": -Infinity').encode(),
        beside('"x": 01').encode(),
        beside('"x": 1_000').encode(),
        beside('"x": 0x10').encode(),
        beside(f'"x": 1{"0" * 5000}').encode(),
        b"[" * 30_000,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda body: ascii(body[:24]),
)
async def test_what_is_not_json_is_malformed(house: House, body: bytes):
    assert_error(await post(house, body), 400, "MALFORMED_JSON")


@pytest.mark.parametrize("body", [[], [a_body()], None, 1, "x", True, 1.5])
async def test_a_body_that_is_no_object_is_refused(house: House, body: Any):
    assert_error(await post(house, body), 400, "VALIDATION_ERROR", "body")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (beside('"name": "Grace"'), "name"),
        (beside('"name": "Ada Example"'), "name"),
        (beside('"n\\u0061me": "Grace"'), "name"),
        (GOOD.replace('"duration": 60', '"duration": 60, "duration": 90'), "duration"),
        (beside('"answers": {"q": "a", "q": "b"}'), "q"),
        (beside('"x": 1, "x": 1'), "x"),
    ],
)
async def test_a_key_given_twice_is_refused(house: House, text: str, field: str):
    answer = await post(house, text.encode())
    assert answer.status == 400
    assert answer.body["errorCode"] == "VALIDATION_ERROR"
    [error] = answer.body["errors"]
    assert error["field"].split(".")[-1] == field


async def test_a_key_given_twice_among_thousands_is_found(house: House):
    names = [f"{number:x}" for number in range(7500)]
    body = ("{" + ",".join(f'"{name}":0' for name in [*names, names[-1]]) + "}").encode()
    assert_error(await post(house, body), 400, "VALIDATION_ERROR", names[-1])


class Compared(str):
    """A key that counts how often such keys are compared."""

    __slots__ = ()
    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_keys_are_not_compared_with_all_others():
    pairs = [(Compared(number), number) for number in range(7500)]
    assert _once(pairs) == dict(pairs)
    assert Compared.times <= 2 * len(pairs)


@pytest.mark.parametrize(
    "number", ["1e999", "-1e999", str(2**63), str(2**64), str(-(2**63) - 1), "1" + "0" * 400]
)
@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('"duration": 60', "timeSlot.duration"),
        ('"name": "Ada Example"', "name"),
        ('"startTime": "2026-03-09T10:00:00Z"', "timeSlot.startTime"),
    ],
)
async def test_a_huge_number_is_a_bad_value(house: House, text: str, field: str, number: str):
    body = GOOD.replace(text, f"{text.partition(':')[0]}: {number}")
    assert body != GOOD
    assert_error(await post(house, body.encode()), 400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/xml",
        "application/merge-patch+json",
        "rubbish",
        "application/json, text/plain",
    ],
)
async def test_another_content_type_is_refused(house: House, kind: str):
    answer = await post(house, GOOD.encode(), headers={"Content-Type": kind})
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_no_content_type_is_refused(house: House):
    answer = await post(house, GOOD.encode(), headers={}, skip_auto_headers=["Content-Type"])
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "nonsense"])
async def test_another_charset_is_no_way_to_write_json(house: House, charset: str):
    real = "utf-16" if charset == "utf-16" else "latin-1"
    body = GOOD.replace("Ada", "Zo\u00eb").encode(real)
    kind = {"Content-Type": f"application/json; charset={charset}"}
    answer = await post(house, body, headers=kind)
    assert answer.status in {400, 415}
    assert answer.body["errorCode"] in {"MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE"}


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "Application/JSON"])
async def test_json_is_json_however_it_is_written(house: House, kind: str):
    answer = await house.call(
        "POST", "/api/bookings", data=GOOD.encode(), headers={"Content-Type": kind}
    )
    assert answer.status == 201


async def test_a_body_over_the_limit_is_refused(house: House):
    body = beside(f'"x": "{"x" * 65_536}"').encode()
    assert_error(await post(house, body), 413, "PAYLOAD_TOO_LARGE")


async def test_a_body_over_the_limit_is_refused_in_chunks_too(house: House):
    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 1000

    before = await house.written()
    answer = await house.call("POST", "/api/bookings", data=chunks(), headers=JSON)
    assert_error(answer, 413, "PAYLOAD_TOO_LARGE")
    assert await house.written() == before


async def test_a_body_at_the_limit_is_taken(house: House):
    body = GOOD.encode()
    padded = body + b" " * (64 * 1024 - len(body))
    answer = await house.call("POST", "/api/bookings", data=padded, headers=JSON)
    assert answer.status == 201


async def test_what_unpacks_to_more_than_the_limit_is_refused(house: House):
    bomb = gzip.compress(b" " * 10_000_000)
    answer = await post(house, bomb, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.status in {400, 413, 415}
    assert answer.body["errorCode"]


async def test_what_cannot_be_unpacked_is_refused(house: House):
    for coding in ("gzip", "deflate"):
        answer = await post(house, GOOD.encode(), headers=JSON | {"Content-Encoding": coding})
        assert 400 <= answer.status < 500, answer.text
        assert answer.body["errorCode"]


@pytest.mark.parametrize(
    ("method", "body", "fields"),
    [
        ("PUT", {"colour": 1}, ("colour",)),
        ("PUT", {"status": "CANCELLED"}, ("status",)),
        ("PUT", {"serviceId": "00000000-0000-7000-8000-0000000000a2"}, ("serviceId",)),
        ("PUT", {"name": None}, ("name",)),
        ("PUT", {"email": None}, ("email",)),
        ("PUT", {"company": None}, ("company",)),
        ("PUT", {"timeSlot": None}, ("timeSlot",)),
        ("PUT", {"timeSlot": {"duration": 30}}, ("timeSlot.startTime",)),
        ("PUT", {"timeSlot": {"startTime": "2026-03-10T10:00:00Z"}}, ("timeSlot.duration",)),
        ("PUT", {"timeSlot": {"startTime": "2020-03-10T10:00:00Z", "duration": 1}},
         ("timeSlot.startTime",)),
        ("PUT", {"name": "a\0"}, ("name",)),
        ("PUT", [], ("body",)),
        ("PATCH", {}, ("status",)),
        ("PATCH", {"status": None}, ("status",)),
        *[("PATCH", {"status": value}, ("status",))
          for value in ("", "confirmed", "GONE", 1, True, [], {}, ["CONFIRMED"], "CONFIRMED\0")],
        ("PATCH", {"status": "CANCELLED", "x": 1}, ("x",)),
        ("PATCH", {"status": "CANCELLED", "reason": ""}, ("reason",)),
        ("PATCH", {"status": "CANCELLED", "reason": "x" * 501}, ("reason",)),
        ("PATCH", {"status": "CANCELLED", "reason": "\ud800"}, ("reason",)),
        ("PATCH", {"status": "CANCELLED", "reason": 1}, ("reason",)),
        ("PATCH", [], ("body",)),
    ],
)  # fmt: skip
async def test_a_bad_change_changes_nothing(
    house: House, method: str, body: Any, fields: tuple[str, ...]
):
    placed = await house.place()
    before = await house.storage.booking(placed["id"]), await house.written()
    data = json.dumps(body).encode()
    answer = await house.call(method, f"/api/bookings/{placed['id']}", data=data, headers=JSON)
    assert_error(answer, 400, "VALIDATION_ERROR", *fields)
    assert (await house.storage.booking(placed["id"]), await house.written()) == before


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
NAMES = st.sampled_from([*a_body(), "phone", "inquiry", "answers", "timeZone", "locale", "x"])
quick = settings(max_examples=150)


def acceptable(answer: Answer) -> None:
    assert answer.status in {201, 400, 409, 413}, answer.text
    if answer.status != 201:
        assert answer.body["errorCode"] != "INTERNAL_ERROR"


@quick
@given(fields=st.dictionaries(NAMES, TREES, max_size=4))
async def test_no_value_of_any_field_is_a_fault_of_ours(house: House, fields: dict[str, Any]):
    data = json.dumps(a_body() | fields).encode()
    acceptable(await house.call("POST", "/api/bookings", data=data, headers=JSON))


@quick
@given(text=st.text(max_size=300), name=NAMES)
async def test_no_text_of_any_field_is_a_fault_of_ours(house: House, text: str, name: str):
    data = json.dumps(a_body(**{name: text})).encode()
    acceptable(await house.call("POST", "/api/bookings", data=data, headers=JSON))


@quick
@given(data=st.binary(max_size=300))
async def test_no_bytes_are_a_fault_of_ours(house: House, data: bytes):
    acceptable(await house.call("POST", "/api/bookings", data=data, headers=JSON))
