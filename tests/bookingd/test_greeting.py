"""What somebody at a desk is told: words that work as they stand."""

import json
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookingd.api.schemas.bookings import NewBooking
from bookingd.config import Config, Environment
from bookingd.greeting import greet
from schedules.channels import Relay
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config
from tests.records import NOW

RELAY = Relay(host="mail.example.org", port=587, username=None, password=None, tls="starttls")


def greeting(capsys: pytest.CaptureFixture[str], now: datetime = NOW, **fields: Any) -> str:
    greet(at_a_desk(**fields), now)
    return capsys.readouterr().out


def at_a_desk(**fields: Any) -> Config:
    values = {"environment": Environment.DEVELOPMENT, "base_url": "http://127.0.0.1:8080"}
    return a_config(**values | fields)


def commands(text: str) -> list[list[str]]:
    """The curl lines, as a shell would read them."""
    words = shlex.split(text[text.index("  curl") :].replace("See what is booked:", ";"))
    edge = words.index(";")
    return [words[:edge], words[edge + 1 :]]


def test_the_first_command_places_a_booking(capsys: pytest.CaptureFixture[str]):
    now = NOW.replace(minute=59, second=59, microsecond=999_999)
    post, _ = commands(greeting(capsys, now))
    assert "http://127.0.0.1:8080/api/bookings" in post
    assert f"Authorization: Bearer {PUBLIC}" in post
    assert "Content-Type: application/json" in post
    body = NewBooking().load(json.loads(post[post.index("-d") + 1]))
    assert isinstance(body, dict)
    ahead = body["time_slot"]["start_time"] - now
    assert timedelta(days=1) < ahead <= timedelta(days=2)


def test_the_second_command_lists_what_is_booked(capsys: pytest.CaptureFixture[str]):
    _, listing = commands(greeting(capsys))
    assert listing == [
        "curl",
        "http://127.0.0.1:8080/api/bookings",
        "-H",
        f"Authorization: Bearer {ADMIN}",
    ]


def test_both_keys_are_shown(capsys: pytest.CaptureFixture[str]):
    text = greeting(capsys)
    assert f"admin key        {ADMIN}" in text
    assert f"publishable key  {PUBLIC}" in text


def test_it_is_told_where_mails_go(capsys: pytest.CaptureFixture[str]):
    assert "to files in letters/" in greeting(capsys, mail_dir=Path("letters"))
    assert "to mail.example.org" in greeting(capsys, relay=RELAY)


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str], environment: Environment):
    assert greeting(capsys, environment=environment) == ""


def test_it_says_where_the_documentation_is(capsys: pytest.CaptureFixture[str]):
    assert "http://127.0.0.1:8080/api/docs/ui" in greeting(capsys)
