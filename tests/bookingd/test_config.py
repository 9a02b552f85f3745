"""The environment, read once: every variable, and all that is wrong in one text."""

import re
from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from bookingd.config import BadConfigurationError, Config, Environment, load
from schedules.channels import Relay
from schedules.housekeeping import Retention
from schedules.messages import Promises
from schedules.quiet import QuietHours
from schedules.retry import ATTEMPTS
from tests.records import DAY, HOUR

KEY = "a-key-of-sixteen"
MINUTE = timedelta(minutes=1)


def loaded(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Config:
    for name, value in variables.items():
        monkeypatch.setenv(f"BOOKINGD_{name}", value)
    return load()


def complaints(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, str]:
    """What is said of each bad variable."""
    with pytest.raises(BadConfigurationError) as error:
        loaded(monkeypatch, **variables)
    found = re.findall(r"^  BOOKINGD_(\w+): (.+)$", str(error.value), re.MULTILINE)
    assert len(found) == len(str(error.value).split("\n")) - 1
    return dict(found)


def test_nothing_set_is_a_desk():
    assert load() == Config(
        environment=Environment.DEVELOPMENT,
        host="127.0.0.1",
        port=8080,
        base_url="http://127.0.0.1:8080",
        database_url="sqlite:///bookingd.db",
        admin_key=None,
        public_key=None,
        operator_key=None,
        link_secret=None,
        relay=None,
        mail_from="bookings@localhost",
        mail_name="",
        mail_dir=Path("mail"),
        templates_dir=None,
        calendar_alarms=(),
        locale="en",
        time_zone="UTC",
        promises=Promises("admin@localhost", (DAY,)),
        retries=tuple(ATTEMPTS),
        retention=Retention(messages=90 * DAY),
        hold_for=timedelta(minutes=5),
        holds_per_address=3,
        rate_limit="100/minute",
        rate_limit_url=None,
        cors_origins=(),
        admin_cors_origins=(),
        trusted_proxies=(),
        log_level="debug",
        log_format="text",
        log_file=None,
        required_fields=frozenset({"name", "email", "company"}),
        webhook_allow_private=True,
        unknown=(),
    )


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_elsewhere_logs_are_for_machines_and_no_administrator_is_made_up(
    monkeypatch: pytest.MonkeyPatch, environment: str
):
    found = loaded(monkeypatch, ENV=environment)
    assert (found.log_format, found.log_level) == ("json", "info")
    assert found.promises.admin_email is None
    assert not found.development


GOOD: list[tuple[str, str, str, Any]] = [
    ("ENV", "production", "environment", Environment.PRODUCTION),
    ("HOST", "::1", "host", "::1"),
    ("PORT", "0", "port", 0),
    ("PORT", "65535", "port", 65535),
    ("BASE_URL", "https://example.org/booking", "base_url", "https://example.org/booking"),
    ("BASE_URL", "http://[::1]:8080", "base_url", "http://[::1]:8080"),
    ("HOST", "::1", "base_url", "http://[::1]:8080"),
    ("DATABASE_URL", "sqlite:////var/lib/b.db", "database_url", "sqlite:////var/lib/b.db"),
    ("DATABASE_URL", "postgresql://a@b,c/d", "database_url", "postgresql://a@b,c/d"),
    ("ADMIN_KEY", KEY, "admin_key", KEY),
    ("PUBLIC_KEY", f"  {KEY} ", "public_key", KEY),
    ("OPERATOR_KEY", KEY, "operator_key", KEY),
    ("LINK_SECRET", KEY * 2, "link_secret", KEY * 2),
    ("MAIL_FROM", "shop@example.org", "mail_from", "shop@example.org"),
    ("MAIL_FROM", "shop@example.org", "mail_name", ""),
    ("MAIL_FROM", "Café <shop@example.org>", "mail_from", "shop@example.org"),
    ("MAIL_FROM", "Café <shop@example.org>", "mail_name", "Café"),
    ("MAIL_FROM", '"Grace, Ltd" <shop@example.org>', "mail_name", "Grace, Ltd"),
    ("MAIL_FROM", "<shop@example.org>", "mail_from", "shop@example.org"),
    ("MAIL_DIR", "/tmp/letters", "mail_dir", Path("/tmp/letters")),
    ("TEMPLATES_DIR", "/tmp", "templates_dir", Path("/tmp")),
    ("CALENDAR_ALARMS", "1h,15m", "calendar_alarms", (HOUR, 15 * MINUTE)),
    ("LOCALE", "de-AT", "locale", "de-AT"),
    ("ADMIN_EMAIL", "a@example.org", "promises", Promises("a@example.org", (DAY,))),
    ("TIMEZONE", "Europe/Berlin", "time_zone", "Europe/Berlin"),
    ("REMINDERS", "2d,1h, 5m", "promises",
     Promises("admin@localhost", (2 * DAY, HOUR, 5 * MINUTE))),
    ("RETRIES", "30s, 24h", "retries", (timedelta(seconds=30), DAY)),
    ("QUIET_HOURS", "22:00-07:30", "promises",
     Promises("admin@localhost", (DAY,), QuietHours(time(22), time(7, 30), "UTC"))),
    ("QUIET_HOURS", "off", "promises", Promises("admin@localhost", (DAY,))),
    ("REMINDERS", "off", "promises", Promises("admin@localhost", ())),
    ("KEEP_MESSAGES", "off", "retention", Retention()),
    ("KEEP_MESSAGES", "36h", "retention", Retention(36 * HOUR)),
    ("KEEP_BOOKINGS", "1095d", "retention", Retention(90 * DAY, 1095 * DAY)),
    ("HOLD_MINUTES", "60", "hold_for", timedelta(hours=1)),
    ("HOLDS_PER_ADDRESS", "1", "holds_per_address", 1),
    ("RATE_LIMIT", "5/second", "rate_limit", "5/second"),
    ("RATE_LIMIT", "off", "rate_limit", None),
    ("CORS_ORIGINS", "https://a.example, http://b.example:8080,", "cors_origins",
     ("https://a.example", "http://b.example:8080")),
    ("TRUSTED_PROXIES", "10.0.0.0/8,::1,192.0.2.7/24", "trusted_proxies",
     tuple(map(ip_network, ("10.0.0.0/8", "::1/128", "192.0.2.0/24")))),
    ("LOG_LEVEL", "WARNING", "log_level", "warning"),
    ("LOG_FORMAT", "json", "log_format", "json"),
    ("LOG_FILE", "log/bookingd.log", "log_file", Path("log/bookingd.log")),
    ("RATE_LIMIT_URL", "redis://a:b@c:6379/1", "rate_limit_url", "redis://a:b@c:6379/1"),
    ("RATE_LIMIT_URL", "valkeys://c", "rate_limit_url", "valkeys://c"),
    ("CORS_ORIGINS", "HTTPS://A.example:443/", "cors_origins", ("https://a.example",)),
    ("ADMIN_CORS_ORIGINS", "http://a.example:8080", "admin_cors_origins", ("http://a.example:8080",)),
    ("WEBHOOK_ALLOW_PRIVATE", "No", "webhook_allow_private", False),
    ("REQUIRED_FIELDS", "phone", "required_fields", frozenset({"phone", "email"})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "field", "value"), GOOD)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, field: str, value: Any
):
    assert getattr(loaded(monkeypatch, **{name: text}), field) == value


def a_relay(**fields: Any) -> Relay:
    values: dict[str, Any] = {"host": "mail.example.org", "port": 587, "tls": "starttls"}
    return Relay(**values | {"username": None, "password": None} | fields)


def test_the_relay_is_what_the_smtp_variables_say(monkeypatch: pytest.MonkeyPatch):
    assert loaded(monkeypatch, SMTP_HOST="mail.example.org").relay == a_relay()
    found = loaded(
        monkeypatch, SMTP_PORT="465", SMTP_USERNAME="u", SMTP_PASSWORD="p", SMTP_TLS="TLS"
    )
    assert found.relay == a_relay(port=465, username="u", password="p", tls="tls")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "relay", "smtp.b\u00fccher.example"])
def test_a_relay_has_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch, host: str):
    assert loaded(monkeypatch, SMTP_HOST=host).relay == a_relay(host=host)


@pytest.mark.parametrize(
    ("there", "missing"),
    [("SMTP_USERNAME", "SMTP_PASSWORD"), ("SMTP_PASSWORD", "SMTP_USERNAME")],
)
def test_half_a_login_is_told(monkeypatch: pytest.MonkeyPatch, there: str, missing: str):
    found = complaints(monkeypatch, **{there: "hidden-word"})
    assert found.keys() == {missing}
    assert there in found[missing]
    assert "hidden-word" not in found[missing]


BAD = {
    "ENV": "prod",
    "PORT": "65536",
    "BASE_URL": "ftp://example.org",
    "DATABASE_URL": "mysql://u:hidden-word@example.org/b",
    "ADMIN_KEY": "short",
    "PUBLIC_KEY": "k\u00e9y-of-sixteen-letters",
    "LINK_SECRET": KEY,
    "SMTP_PORT": "0",
    "SMTP_TLS": "ssl",
    "MAIL_FROM": "nobody",
    "TEMPLATES_DIR": "/gone",
    "CALENDAR_ALARMS": "soon",
    "LOCALE": "Deutsch?",
    "ADMIN_EMAIL": "a b@example.org",
    "TIMEZONE": "../etc/passwd",
    "REMINDERS": "24h,0h",
    "RETRIES": "2s,25h",
    "KEEP_MESSAGES": "90",
    "QUIET_HOURS": "22:00-22:00",
    "KEEP_BOOKINGS": "0d",
    "RATE_LIMIT": "0/minute",
    "RATE_LIMIT_URL": "redis://:hidden-word@example.org:port",
    "ADMIN_CORS_ORIGINS": "https://*.example.org",
    "CORS_ORIGINS": "https://a.example/path",
    "TRUSTED_PROXIES": "10.0.0.0/33",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
    "REQUIRED_FIELDS": "name,shoes",
}


def test_one_error_lists_every_bad_variable_and_no_secret(monkeypatch: pytest.MonkeyPatch):
    found = complaints(monkeypatch, **BAD)
    assert found.keys() == BAD.keys()
    text = " ".join(found.values())
    assert "short" not in text
    assert "hidden-word" not in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *BAD.items(),
        ("PORT", "-1"),
        ("RATE_LIMIT_URL", "http://example.org"),
        ("RATE_LIMIT_URL", "redis://"),
        ("RATE_LIMIT_URL", "redis://host?socket_timeout=x"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.example,https://*.b"),
        ("PORT", "8080.5"),
        ("PORT", "x"),
        ("SMTP_PORT", "65536"),
        ("BASE_URL", "https://example.org/?a=b"),
        ("BASE_URL", "https://:443"),
        ("BASE_URL", "https://example.org:99999"),
        ("BASE_URL", "https://exam ple.org"),
        ("BASE_URL", "https://u:hidden-word@example.org"),
        ("SMTP_HOST", "smtp.example.org:587"),
        ("SMTP_HOST", "cafe.de:25"),
        ("SMTP_HOST", "smtps://smtp.example.org"),
        ("SMTP_HOST", "smtp example.org"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "bookingd.db"),
        ("TIMEZONE", "Berlin"),
        ("RETRIES", "25h"),
        ("RETRIES", "1d"),
        ("RETRIES", "0s"),
        ("RETRIES", "2"),
        ("REMINDERS", "24"),
        ("REMINDERS", "1w"),
        ("REMINDERS", "-1h"),
        ("HOLD_MINUTES", "0"),
        ("HOLD_MINUTES", "61"),
        ("HOLD_MINUTES", "2.5"),
        ("HOLDS_PER_ADDRESS", "0"),
        ("RATE_LIMIT", "100"),
        ("RATE_LIMIT", "100/fortnight"),
        ("TRUSTED_PROXIES", "proxy.example.org"),
    ],
)
def test_a_bad_variable_is_told_alone_and_what_it_must_be(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
):
    found = complaints(monkeypatch, **{name: text})
    assert found.keys() == {name}
    assert len(found[name]) > 10


@pytest.mark.parametrize("name", ["ADMIN_KEY", "PUBLIC_KEY", "SMTP_HOST", "SMTP_USERNAME",
                                  "SMTP_PASSWORD", "LOG_FILE", "ADMIN_EMAIL", "CORS_ORIGINS",
                                  "TRUSTED_PROXIES"])  # fmt: skip
def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, name: str):
    # A compose file passes on what is not set as an empty text.
    unset = loaded(monkeypatch, ENV="staging")
    assert loaded(monkeypatch, **{name: ""}) == unset


def test_a_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    found = loaded(monkeypatch, ENV="production", ADMIN_KEY_FILE=str(tmp_path / "key"))
    assert found.admin_key == KEY
    assert found.unknown == ()


def test_any_variable_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "port").write_text("8081\n")
    (tmp_path / "url").write_text("postgresql://a:b@c/d\n")
    found = loaded(
        monkeypatch, PORT_FILE=str(tmp_path / "port"), DATABASE_URL_FILE=str(tmp_path / "url")
    )
    assert (found.port, found.database_url) == (8081, "postgresql://a:b@c/d")


def test_what_a_file_says_is_checked_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text("hidden")
    [said] = complaints(monkeypatch, ADMIN_KEY_FILE=str(tmp_path / "key")).values()
    assert "hidden" not in said


@pytest.mark.parametrize("path", ["gone", "."])
def test_a_file_that_cannot_be_read_is_told_with_the_rest(
    monkeypatch: pytest.MonkeyPatch, path: str
):
    found = complaints(monkeypatch, SMTP_USERNAME="u", SMTP_PASSWORD_FILE=path, PORT="x")
    assert found.keys() == {"SMTP_PASSWORD_FILE", "PORT"}


def test_a_file_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_bytes(b"\xff\xfe" * 20)
    assert complaints(monkeypatch, ADMIN_KEY_FILE=str(tmp_path / "key"))


def test_an_empty_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text("\n")
    found = complaints(monkeypatch, LINK_SECRET_FILE=str(tmp_path / "key"))
    assert found == {"LINK_SECRET_FILE": "The file is empty."}


def test_names_that_mean_nothing_are_warned_of(monkeypatch: pytest.MonkeyPatch):
    found = loaded(monkeypatch, ENV="production", SMPT_HOST="x", PORTS="1", TEST_POSTGRES="x")
    assert found.unknown == ("BOOKINGD_PORTS", "BOOKINGD_SMPT_HOST")
    warned = " ".join(found.warnings)
    assert "BOOKINGD_PORTS" in warned
    assert "BOOKINGD_SMPT_HOST" in warned


def test_a_production_that_cannot_work_says_what_mends_it(monkeypatch: pytest.MonkeyPatch):
    warned = " ".join(loaded(monkeypatch, ENV="production").warnings)
    for mends in ("BOOKINGD_SMTP_HOST", "BOOKINGD_ADMIN_KEY", "BOOKINGD_ADMIN_EMAIL",
                  "BOOKINGD_BASE_URL", "bookingd keys create"):  # fmt: skip
        assert mends in warned


def test_a_desk_and_a_complete_production_warn_of_nothing(monkeypatch: pytest.MonkeyPatch):
    assert load().warnings == []
    whole = {"ADMIN_KEY": KEY, "SMTP_HOST": "x", "ADMIN_EMAIL": "a@example.org"}
    whole |= {"BASE_URL": "https://booking.example.org"}
    assert loaded(monkeypatch, ENV="production", **whole).warnings == []


def test_at_a_desk_dotenv_is_read_and_the_environment_outranks_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / ".env").write_text("BOOKINGD_PORT=8081\nBOOKINGD_HOST=192.0.2.1\n")
    found = loaded(monkeypatch, PORT="8082")
    assert (found.port, found.host) == (8082, "192.0.2.1")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_elsewhere_dotenv_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: str
):
    (tmp_path / ".env").write_text("BOOKINGD_PORT=8081\n")
    assert loaded(monkeypatch, ENV=environment).port == 8080


def test_a_bad_variable_in_dotenv_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("BOOKINGD_PORT=x\n")
    assert complaints(monkeypatch).keys() == {"PORT"}


def test_a_dotenv_that_is_no_text_is_told(tmp_path: Path):
    (tmp_path / ".env").write_bytes(b"BOOKINGD_MAIL_FROM=\xfc@example.org\n")
    with pytest.raises(BadConfigurationError, match=r"\.env cannot be read"):
        load()


def test_a_dotenv_that_is_no_file_is_told(tmp_path: Path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(BadConfigurationError, match=r"\.env cannot be read"):
        load()


@pytest.mark.parametrize("name", ["PUBLIC_KEY", "OPERATOR_KEY"])
def test_no_key_is_two_kinds_at_once(monkeypatch: pytest.MonkeyPatch, name: str):
    found = complaints(monkeypatch, **{"ADMIN_KEY": KEY, name: KEY})
    assert found.keys() == {name}
    assert "differ" in found[name]
    assert KEY not in found[name]
