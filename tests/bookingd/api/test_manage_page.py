"""The page behind the mailed link, as files: what comes with them, and that they are whole."""

import re

import pytest

from bookingd.api.errors import Code
from bookingd.web.manage import FOLDER, PAGE, PARTS
from storage.model import BookingStatus
from tests.bookingd.api.conftest import House, assert_error


async def test_the_page_lets_in_nothing_from_elsewhere_and_stands_in_no_frame(house: House):
    answer = await house.call("GET", "/manage", key=None)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "connect")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in str(policy)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_all_that_it_loads_is_there_beside_it_whatever_path_it_has(house: House):
    page = (FOLDER / PAGE).read_text()
    texts = {name: (FOLDER / name).read_text() for name in PARTS}
    named = set(re.findall(r'(?:src|href)="manage/([^"]+)"', page))
    named |= {name for text in texts.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert named == set(PARTS)
    for name, text in texts.items():
        answer = await house.call("GET", f"/manage/{name}", key=None)
        assert (answer.status, answer.text) == (200, text)
        assert answer.headers["Content-Type"].partition(";")[0] in {"text/css", "text/javascript"}
    assert re.findall(r'"/|https?://|<script>|<style|\son\w+=|style="', page) == []


@pytest.mark.parametrize("name", ["index.html", "..", "%2e%2e%2fmanage.py", "__init__.py", "x"])
async def test_nothing_else_is_served(house: House, name: str):
    assert_error(await house.call("GET", f"/manage/{name}", key=None), 404, "NOT_FOUND")


def test_no_text_becomes_html():
    scripts = "".join((FOLDER / name).read_text() for name in PARTS)
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc"
    assert re.findall(sinks, scripts) == []


def test_every_language_has_every_word_and_each_word_is_used():
    english, german = (
        set(re.findall(r"^    (\w+): ", part, re.MULTILINE))
        for part in (FOLDER / "words.js").read_text().split("  de: {")
    )
    assert english == german
    page = (FOLDER / PAGE).read_text() + "".join(
        (FOLDER / name).read_text() for name in PARTS if name != "words.js"
    )
    unused = {word for word in english if f'"{word}"' not in page}
    assert unused <= {*BookingStatus, *(code.text for code in Code)}
