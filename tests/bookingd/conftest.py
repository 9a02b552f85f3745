"""What the tests of the top floor need: a configuration, and a place without an environment."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bookingd.config import PREFIX, Config, Environment
from bookingd.logs import request_id
from schedules.housekeeping import Retention
from schedules.messages import Promises
from schedules.retry import ATTEMPTS
from tests.records import DAY

ADMIN = "bk_admin_for-the-tests-of-bookingd"
PUBLIC = "bk_pub_for-the-tests-of-bookingd"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A directory without .env, an environment that says nothing about bookingd."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if _ours(name)]:
        monkeypatch.delenv(name)
    token = request_id.set(None)
    yield
    request_id.reset(token)
    for name in [name for name in os.environ if _ours(name)]:
        del os.environ[name]


def _ours(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_")


on_both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for another kind by `on_both`."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


def a_config(**fields: Any) -> Config:
    values: dict[str, Any] = {
        "environment": Environment.PRODUCTION,
        "host": "127.0.0.1",
        "port": 8080,
        "base_url": "https://booking.example.org",
        "database_url": "sqlite:///bookingd.db",
        "admin_key": ADMIN,
        "public_key": PUBLIC,
        "operator_key": None,
        "link_secret": None,
        "relay": None,
        "mail_from": "bookings@example.org",
        "mail_name": "",
        "mail_dir": Path("mail"),
        "templates_dir": None,
        "calendar_alarms": (),
        "locale": "en",
        "time_zone": "Europe/Berlin",
        "promises": Promises("office@example.org", (DAY,)),
        "retries": ATTEMPTS,
        "retention": Retention(),
        "hold_for": timedelta(minutes=5),
        "holds_per_address": 3,
        "rate_limit": None,
        "rate_limit_url": None,
        "cors_origins": (),
        "admin_cors_origins": (),
        "trusted_proxies": (),
        "log_level": "info",
        "log_format": "json",
        "log_file": None,
        "required_fields": frozenset({"name", "email", "company"}),
        "webhook_allow_private": False,
        "unknown": (),
    }
    return Config(**values | fields)
