"""W3C Trace Context, section 3.2: which traceparent counts."""

from typing import Any

import pytest

from bookingd.trace import trace_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize("valid", [
    f"00-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-00",
    f"00-{TRACE}-{PARENT}-ff",
    f"01-{TRACE}-{PARENT}-01",
    f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like",
    f"fe-{TRACE}-{PARENT}-01-",
])  # fmt: skip
def test_a_valid_one_names_the_trace(valid: str):
    assert trace_of([valid]) == TRACE


@pytest.mark.parametrize("headers", [
    [],
    [""],
    [TRACE],
    [f"ff-{TRACE}-{PARENT}-01"],
    [f"00-{'0' * 32}-{PARENT}-01"],
    [f"00-{TRACE}-{'0' * 16}-01"],
    [f"00-{TRACE.upper()}-{PARENT}-01"],
    [f"00-{TRACE}-{PARENT}-0"],
    [f"00-{TRACE}-{PARENT}"],
    [f"00-{TRACE}-{PARENT}-01-more"],
    [f"00-{TRACE}-{PARENT}-01-"],
    [f"cc-{TRACE}-{PARENT}-01.more"],
    [f"cc-{TRACE}-{PARENT}-01more"],
    [f"0-{TRACE}-{PARENT}-01"],
    [f"00-{TRACE[:-1]}-{PARENT}-01"],
    [f"00-{TRACE}x-{PARENT}-01"],
    [f"00-{TRACE[:-1]}g-{PARENT}-01"],
    [f"00-{TRACE}-{PARENT}-01\n"],
    [f" 00-{TRACE}-{PARENT}-01"],
    [f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01"],
    [f"00-{TRACE}-{PARENT}-01"] * 2,
    ["\u0660\u0660-" + TRACE + "-" + PARENT + "-01"],
])  # fmt: skip
def test_an_invalid_one_is_ignored(headers: Any):
    assert trace_of(headers) is None
