"""Reading a business from a file: what is wrong with it is told by its line."""

from pathlib import Path

import pytest

from bookingd.business import BadFile, read

EXAMPLE = Path(__file__).parents[2] / "examples" / "business.toml"


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(BadFile) as refusal:
        read(text)
    return [(line, why.partition(":")[0]) for line, why in refusal.value.faults]


def test_the_example_is_read():
    found = read(EXAMPLE.read_text())
    assert [one["name"] for one in found["services"]] == ["Haircut", "Course"]
    assert [one["name"] for one in found["resources"]] == ["Grace", "Studio"]


@pytest.mark.parametrize("text", ["", "services = []", "\n# nothing\n"])
def test_a_file_may_say_nothing(text: str):
    found = read(text)
    assert not found["services"]
    assert not found["resources"]


def test_what_is_no_toml_is_told_where():
    with pytest.raises(BadFile) as refusal:
        read('services = [\nname = "Cut"')
    [(line, why)] = refusal.value.faults
    assert line == 0
    assert "line 2" in why


FILE = """# A file

[[services]]
name = "Cut"
durations = [
  30,
  60,
]
colour = "red"
description = '''
name = "no"
'''

# A comment
[[services]]
name = "Wash"
[[services.questions]]
label = "Why?"
typ = "text"

[[resources]]
name = "Grace"
hours.monday = ["09:00-12:00"]

  [resources.hours2]
  [[resources.closures]]
  first = 2027-12-24
  last = 2027-12-23
[[resources]]
timeZone = "Mars"
[shops]
"""


def test_every_fault_is_told_by_its_line_and_in_order():
    assert faults(FILE) == [
        (9, "colour"),
        (19, "questions.0.typ"),
        (25, "hours2"),
        (28, "closures.0.last"),
        (29, "name"),
        (30, "timeZone"),
        (31, "shops"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('services = 1', [(1, "services")]),
        ('services = ["Cut"]', [(1, "0")]),
        ('\nservices = [{name = 1}]', [(2, "name")]),
        ('[[services]]\nname = "Cut"\nslotStep = inf', [(3, "slotStep")]),
        ('[[services]]\nname = "Cut"\nslot_step = 5', [(3, "slot_step")]),
        ('[[services]]\nname = "Cut"\narchived = true', [(3, "archived")]),
        ('[[services]]\nname = "Cut"\n[[services]]\nname = "Cut"', [(4, "name")]),
        ('[[services]]\nname = "Cut"\nprice = 09:00:00', [(3, "price")]),
        ('[[resources]]\nname = "Ada"\nserviceIds = []', [(3, "serviceIds")]),
        ('[[resources]]\nname = "Ada"\n[[resources]]\nname = "Ada"', [(4, "name")]),
        ('[[resources]]\nname = "Ada"\nclosures = [{first = 2027-12-24T10:00:00}]',
         [(3, "closures.0.first")]),
        ('[[resources]]\nname = "Ada"\nservices = "Cut"', [(3, "services")]),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_its_line(text: str, expected: list[tuple[int, str]]):
    assert faults(text) == expected


def test_windows_line_ends_count_alike():
    assert faults(FILE.replace("\n", "\r\n")) == faults(FILE)
