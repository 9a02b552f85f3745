"""The pages of docs/ that repeat what code says, say the same."""

import re
from pathlib import Path

from bookingd.api.errors import Code
from bookingd.policy import TRANSITIONS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_errors_has_every_code():
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (.+?) \| (.+?) \|$",
        (DOCS / "errors.md").read_text(),
        re.MULTILINE,
    )
    assert [(code, int(status), meaning) for code, status, meaning, _ in rows] == [
        (code.text, code.status, code.meaning) for code in Code
    ]
    assert all(remedy.endswith(".") for *_, remedy in rows)


def test_the_drawing_of_the_statuses_has_every_step():
    drawn = re.findall(
        r"^    ([A-Z_]+) --> ([A-Z_]+)$", (DOCS / "web-developer.md").read_text(), re.MULTILINE
    )
    steps = [(before, after) for before, all_after in TRANSITIONS.items() for after in all_after]
    assert sorted(drawn) == sorted(steps)


def test_the_pages_have_the_examples_that_are_tried():
    page = "".join(
        (DOCS / name).read_text() for name in ("booking-form.md", "owner.md", "webhooks.md")
    )
    shown = re.findall(
        r"\]\(\.\./(examples/[^)]+)\):\n\n```\w+\n(.*?)```$", page, re.DOTALL | re.MULTILINE
    )
    files = [file for file in (DOCS.parent / "examples").rglob("*") if file.is_file()]
    assert dict(shown) == {str(file.relative_to(DOCS.parent)): file.read_text() for file in files}
