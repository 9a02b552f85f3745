"""How requests are broken. Everything comes out of one `Random`, so a case can be had again."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from fuzzing.requests import Keys, Request, every

NASTY_BYTES = [
    *(b"\x00", b"\n", b"\r", b"\r\n", b"\r\n\r\n", b"\xff\xfe", b"\xed\xa0\x80", b"%00", b"%ff"),
    *(b" ", b"\t", b":", b"\x0b", b"\x7f", b"\x80", b"HTTP/2.0", b"HTTP/1.0", b"HTTP/0.9", b"../"),
    *(b"-1", b"0x10", b"1e9", b"+5", b"99999999999999999999", b"chunked", b"gzip", b"identity"),
    *(
        b"A" * 9000,
        b"A: b\r\n" * 150,
        b"\x16\x03\x01\x02",
        b"*",
        b"http://[",
        b"?",
        b"#",
        b"[",
        b"'",
    ),
]

NASTY_HEADERS = [
    *("Content-Length: 0", "Content-Length: 5", "Content-Length: -1", "Content-Length: 1,1"),
    *("Content-Length: 66000", "Content-Length: 99999999999999999999", "Content-Length: \u0665"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: x"),
    *("Transfer-Encoding:\x0bchunked", "Transfer-Encoding: chunked, chunked"),
    *("Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: deflate"),
    *("Content-Type: text/plain", "Content-Type: application/json; charset=utf-16"),
    *("Content-Type: application/json; charset=nonsense", "Content-Type: ;;;", "Content-Type:"),
    *("Content-Type: multipart/form-data; boundary=x", "Expect: 100-continue", "Expect: miracles"),
    *("Connection: close", "Connection: upgrade\r\nUpgrade: websocket", "Upgrade: h2c"),
    *(
        "Host: other",
        "Host:",
        "Authorization: Basic eDp5",
        "Authorization: Bearer",
        "Authorization:",
    ),
    *('If-Match: "x", W/"1"', "If-Match: \xff", "If-None-Match: *", "Range: bytes=0-1"),
    *(
        "X-Forwarded-For: 1.2.3.4",
        "X-Forwarded-For: \xff,,[",
        "X-Request-Id: \t\x01",
        "Cookie: =;=",
    ),
    *("Accept: application/problem+json;q=\xff", "Accept: ,,,;q", "Origin: null", "Origin: \x80"),
    *("Access-Control-Request-Method: \xff", "Access-Control-Request-Headers: ,\xff,"),
    *("Idempotency-Key: \xff", "traceparent: 00-zz", "Accept-Encoding: gzip;q=x", "TE: trailers"),
    *(" folded: value", "no colon", ": empty", "A" * 9000 + ": x", "X: " + "y" * 9000, "X\x00: y"),
]

NASTY_VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        2**63,
        -(2**63) - 1,
        10**400,
        1e308,
        "",
        " ",
        "\x00",
        "\x1b[2J",
    ),
    *("\ud800", "\u202eevil", "\u2066", "\n", "\r\nBcc: x@example.com", "a" * 5001, "a" * 201),
    *("x@", "@x", "a@b@c", "'; DROP TABLE bookings;--", "{{7*7}}", "<script>", "%s%n", "../../etc"),
    *("2027-01-01T00:00:00", "2027-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59", "now", "NaN"),
    *("9999-12-31T23:59:59-23:59", "2027-01-01T24:00:00Z", "٢027-01-01T00:00:00Z", "١٢", "1_000"),
    *([], {}, [[]], {"": ""}, {"a": {"b": {}}}, ["x"] * 100, {str(n): "x" for n in range(60)}),
    *(
        "Europe/Nowhere",
        "../UTC",
        "xx-",
        "+1",
        "+999999999999999",
        "CANCELLED",
        "pending",
        "\u2028",
    ),
]

NASTY_JSON = [
    *(b"", b"{", b"}", b"[]", b"null", b"NaN", b'{"a":Infinity}', b'"\\ud800"', b"\xef\xbb\xbf{}"),
    *(b"[" * 5000, b'{"a":' * 5000, b'{"name":1,"name":2}', b"{'a':1}", b"{}{}", b"\xff\xfe{\x00"),
    *(
        b'{"a":1e999999}',
        b"1" * 5000,
        b'{"email":"\xed\xa0\x80"}',
        b'"\\u0000"',
        b"{}" + b" " * 66000,
    ),
]

Mutation = Callable[[Random, Request], bytes]


def case(seed: int, number: int, keys: Keys) -> bytes:
    """Break one good request, once or several times over."""
    random = Random(f"{seed}/{number}")
    request = random.choice(every(keys, number))
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        request = random.choice(IN_PARTS)(random, request)
    raw = _framed(random, request)
    for _ in range(random.choice((0, 0, 0, 1, 1, 3))):
        raw = random.choice(IN_BYTES)(random, raw)
    if random.random() < 0.05:
        raw += random.choice(every(keys, number)).bytes()
    return raw


def _framed(random: Random, request: Request) -> bytes:
    """Write it out, at times in chunks that are right or nearly so."""
    if random.random() < 0.9 or not request.body:
        return request.bytes()
    headers = [*request.headers, ("Transfer-Encoding", "chunked")]
    size = random.choice((b"%x", b"%X;a=b", b"0%x", b"%d", b" %x", b"%x ", b"-%x", b"%xg"))
    body, at = request.body, random.randrange(len(request.body))
    chunks = b"".join(
        size % len(part) + b"\r\n" + part + b"\r\n" for part in (body[:at], body[at:]) if part
    )
    end = random.choice(
        (b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"0\r\nA b\r\n\r\n", b"", b"00\r\n\r\n")
    )
    return replace(request, headers=headers, body=b"").bytes() + chunks + end


def _method(random: Random, request: Request) -> Request:
    methods = (
        "get",
        "PROPFIND",
        "TRACE",
        "CONNECT",
        "OPTIONS",
        "QUERY",
        "G\x00T",
        "",
        "POST ",
        "DELETE",
    )
    return replace(request, method=random.choice(methods))


def _version(random: Random, request: Request) -> Request:
    versions = (
        "HTTP/2.0",
        "HTTP/1.0",
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/9",
        "http/1.1",
        "",
        "HTTP/1.1 x",
    )
    return replace(request, version=random.choice(versions))


def _path(random: Random, request: Request) -> Request:
    nasty = random.choice(NASTY_BYTES).decode("latin-1")
    at = random.randrange(len(request.path) + 1)
    return replace(request, path=request.path[:at] + nasty + request.path[at:])


def _query(random: Random, request: Request) -> Request:
    name = random.choice(
        ("page", "limit", "cursor", "status", "dateFrom", "sort", "q", "serviceId", "x")
    )
    value = random.choice(
        ("", "0", "-1", "١٢", "%00", "%ff", "a%0d%0a", "9" * 30, "x" * 300, "%ud800")
    )
    glue = "&" if "?" in request.path else "?"
    return replace(request, path=f"{request.path}{glue}{name}={value}")


def _header(random: Random, request: Request) -> Request:
    name, _, value = random.choice(NASTY_HEADERS).partition(": ")
    headers = list(request.headers)
    headers.insert(random.randrange(len(headers) + 1), (name, value))
    return replace(request, headers=headers)


def _fewer(random: Random, request: Request) -> Request:
    headers = list(request.headers)
    if headers:
        headers.pop(random.randrange(len(headers)))
    return replace(request, headers=headers)


def _body(random: Random, request: Request) -> Request:
    return replace(request, body=random.choice(NASTY_JSON))


def _field(random: Random, request: Request) -> Request:
    """Put a nasty value anywhere into the JSON, or a field that is not known."""
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return _query(random, request)
    target = document
    if (
        isinstance(target, dict)
        and isinstance(target.get("timeSlot"), dict)
        and random.random() < 0.4
    ):
        target = target["timeSlot"]
    if not isinstance(target, dict):
        return _body(random, request)
    name = random.choice([*target, "unknown", "id", "\ud800"])
    if random.random() < 0.1:
        target.pop(name, None)
    else:
        target[name] = random.choice(NASTY_VALUES)
    return request.with_json(document)


def _flip(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw)) if raw else 0
    return raw[:at] + bytes([random.randrange(256)]) + raw[at + 1 :]


def _insert(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    return raw[:at] + random.choice(NASTY_BYTES) + raw[at:]


def _cut(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    return raw[:at] + raw[at + random.choice((1, 2, 5, 50)) :]


def _repeat(random: Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    at = random.randrange(len(lines))
    return b"\r\n".join([*lines[:at], lines[at], *lines[at:]])


def _swap(random: Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\r\n".join(lines)


def _bare(random: Random, raw: bytes) -> bytes:
    return raw.replace(b"\r\n", random.choice((b"\n", b"\r", b"\n\r")), random.choice((1, 2, 100)))


def _truncate(random: Random, raw: bytes) -> bytes:
    return raw[: random.randrange(len(raw) + 1)]


IN_PARTS = (
    _method,
    _version,
    _path,
    _query,
    _query,
    _header,
    _header,
    _header,
    _fewer,
    _body,
    *(_field,) * 6,
)
IN_BYTES = (_flip, _flip, _insert, _insert, _cut, _repeat, _swap, _bare, _truncate)
