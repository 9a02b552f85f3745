"""The environment, read once. Nothing else in the product looks at it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from environs import EnvValidationError, FileAwareEnv

from bookingd.origins import origin
from schedules.channels import Relay
from schedules.housekeeping import Retention
from schedules.messages import Promises
from schedules.quiet import QuietHours
from schedules.retry import LONGEST
from storage import SCHEMES
from storage.model import ContactField

PREFIX = "BOOKINGD_"
OFF = "off"
SHORTEST_KEY = 16
SHORTEST_SECRET = 32
Network = IPv4Network | IPv6Network

_HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - not to bind
"""Hosts that lead nobody here but this machine."""


class Environment(StrEnum):
    """Where the daemon runs."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class BadConfigurationError(Exception):
    """Variables that cannot be used; the text lists them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set, checked and typed."""

    environment: Environment
    host: str
    port: int
    base_url: str
    database_url: str
    admin_key: str | None
    public_key: str | None
    operator_key: str | None
    link_secret: str | None
    relay: Relay | None
    mail_from: str
    mail_dir: Path
    templates_dir: Path | None
    calendar_alarms: tuple[timedelta, ...]
    locale: str
    time_zone: str
    promises: Promises
    retries: tuple[timedelta, ...]
    retention: Retention
    hold_for: timedelta
    holds_per_address: int
    rate_limit: str | None
    rate_limit_url: str | None
    cors_origins: tuple[str, ...]
    admin_cors_origins: tuple[str, ...]
    trusted_proxies: tuple[Network, ...]
    log_level: str
    log_format: str
    log_file: Path | None
    required_fields: frozenset[str]
    webhook_allow_private: bool
    unknown: tuple[str, ...]
    """Variables that begin with our prefix and mean nothing to us: misspelt, most likely."""

    @property
    def development(self) -> bool:
        """Whether this is somebody's desk."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def warnings(self) -> list[str]:
        """What will not work as set, each with what mends it."""
        found = [f"{name} is not a variable of bookingd: misspelt?" for name in self.unknown]
        if not self.development and self.relay is None:
            found.append("no mail leaves: set BOOKINGD_SMTP_HOST; until then mails wait")
        if not self.development and self.promises.admin_email is None:
            found.append("no administrator is told of bookings: set BOOKINGD_ADMIN_EMAIL")
        if not self.development and urlsplit(self.base_url).hostname in _HERE:
            found.append(
                f"the links in mails lead customers to {self.base_url}: set BOOKINGD_BASE_URL"
            )
        if not self.development and self.admin_key is None:
            found.append(
                "no admin key in the environment: set BOOKINGD_ADMIN_KEY, or make one with "
                "'bookingd keys create NAME --scope admin'"
            )
        return found


def load(dotenv: Path = Path(".env")) -> Config:
    """Read the environment and, in development, the file `dotenv`, which it outranks.

    Raises `BadConfigurationError` with one line for each bad variable.
    """
    env = _Variables(eager=False, prefix=PREFIX, strip_whitespace=True)
    if os.environ.get(f"{PREFIX}ENV", Environment.DEVELOPMENT) == Environment.DEVELOPMENT:
        env.read_env(dotenv, recurse=False)
    values = _values(env)
    _check_keys_differ(env, values)
    known = set(env.dump())
    try:
        env.seal()
    except EnvValidationError as error:
        reasons = cast("dict[str, list[str]]", error.error_messages)
        lines = [f"  {name}: {' '.join(texts)}" for name, texts in sorted(reasons.items())]
        raise BadConfigurationError(
            "\n".join(["these variables cannot be used:", *lines])
        ) from None
    return _config(values, _unknown(known))


class _Variables(FileAwareEnv):
    """Collects all that is wrong, a secret's file that cannot be read included."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            self.wrong(f"{env_key}{self.file_suffix}", str(error))
            return default

    def wrong(self, name: str, reason: str) -> None:
        """Note what is wrong with a variable."""
        self._errors[name].append(reason)


def _values(env: _Variables) -> dict[str, Any]:
    environment = env.enum("ENV", Environment.DEVELOPMENT, enum=Environment, by_value=True)
    at_a_desk = environment is Environment.DEVELOPMENT
    relay_host = _text(env, "SMTP_HOST", None, str)
    port = _text(env, "PORT", "8080", _whole(0, 65535))
    host = _text(env, "HOST", "127.0.0.1", str)
    return {
        "environment": environment,
        "host": host,
        "port": port,
        "base_url": _text(env, "BASE_URL", f"http://{host}:{port}", _url),
        "database_url": _text(env, "DATABASE_URL", "sqlite:///bookingd.db", _database),
        "admin_key": _text(env, "ADMIN_KEY", None, _plain(SHORTEST_KEY)),
        "public_key": _text(env, "PUBLIC_KEY", None, _plain(SHORTEST_KEY)),
        "operator_key": _text(env, "OPERATOR_KEY", None, _plain(SHORTEST_KEY)),
        "link_secret": _text(env, "LINK_SECRET", None, _plain(SHORTEST_SECRET)),
        "smtp_host": relay_host,
        "smtp_port": _text(env, "SMTP_PORT", "587", _whole(1, 65535)),
        "smtp_username": _text(env, "SMTP_USERNAME", None, str),
        "smtp_password": _text(env, "SMTP_PASSWORD", None, str),
        "smtp_tls": _text(env, "SMTP_TLS", "starttls", _one_of("none", "starttls", "tls")),
        "mail_from": _text(env, "MAIL_FROM", "bookings@localhost", _address),
        # Where mail only becomes files it can go to an administrator who does not exist.
        "admin_email": _text(
            env,
            "ADMIN_EMAIL",
            "admin@localhost" if at_a_desk and not relay_host else None,
            _address,
        ),
        "mail_dir": _text(env, "MAIL_DIR", "mail", Path),
        "templates_dir": _text(env, "TEMPLATES_DIR", None, _directory),
        "calendar_alarms": _text(env, "CALENDAR_ALARMS", OFF, _offsets),
        "locale": _text(env, "LOCALE", "en", _language_tag),
        "time_zone": _text(env, "TIMEZONE", "UTC", _zone),
        "reminders": _text(env, "REMINDERS", "24h", _offsets),
        "retries": _text(env, "RETRIES", "2s,4s,8s,1m,5m,30m,2h,4h,8h,24h", _each(_pause)),
        "quiet_hours": _text(env, "QUIET_HOURS", OFF, _hours),
        "keep_messages": _text(env, "KEEP_MESSAGES", "90d", _age),
        "keep_bookings": _text(env, "KEEP_BOOKINGS", OFF, _age),
        "hold_for": _text(env, "HOLD_MINUTES", "5", _minutes),
        "holds_per_address": _text(env, "HOLDS_PER_ADDRESS", "3", _whole(1, 1000)),
        "rate_limit": _text(env, "RATE_LIMIT", "100/minute", _rate),
        "rate_limit_url": _text(env, "RATE_LIMIT_URL", None, _counter),
        "cors_origins": _text(env, "CORS_ORIGINS", "", _each(origin)),
        "admin_cors_origins": _text(env, "ADMIN_CORS_ORIGINS", "", _each(origin)),
        "trusted_proxies": _text(env, "TRUSTED_PROXIES", "", _each(_network)),
        "log_level": _text(
            env,
            "LOG_LEVEL",
            "debug" if at_a_desk else "info",
            _one_of("debug", "info", "warning", "error"),
        ),
        "log_format": _text(
            env, "LOG_FORMAT", "text" if at_a_desk else "json", _one_of("text", "json")
        ),
        "log_file": _text(env, "LOG_FILE", None, Path),
        "required_fields": _text(
            env, "REQUIRED_FIELDS", "name,email,company", _each(_one_of(*ContactField))
        ),
        "webhook_allow_private": _text(
            env, "WEBHOOK_ALLOW_PRIVATE", "yes" if at_a_desk else "no", _yes_or_no
        ),
    }


def _check_keys_differ(env: _Variables, values: dict[str, Any]) -> None:
    admin, public, operator = (values[f"{kind}_key"] for kind in ("admin", "public", "operator"))
    if public and public == admin:
        env.wrong(f"{PREFIX}PUBLIC_KEY", "must differ from the admin key.")
    if operator and operator in {admin, public}:
        env.wrong(f"{PREFIX}OPERATOR_KEY", "must differ from the other keys.")


def _config(values: dict[str, Any], unknown: tuple[str, ...]) -> Config:
    smtp = {name: values.pop(f"smtp_{name}") for name in Relay.__dataclass_fields__}
    quiet = values.pop("quiet_hours")
    promises = Promises(
        values.pop("admin_email"),
        values.pop("reminders"),
        QuietHours(quiet[0], quiet[1], values["time_zone"]) if quiet else None,
    )
    retention = Retention(values.pop("keep_messages"), values.pop("keep_bookings"))
    required = frozenset(values.pop("required_fields")) | {"email"}
    return Config(
        **values,
        relay=Relay(**smtp) if smtp["host"] else None,
        promises=promises,
        retention=retention,
        required_fields=required,
        unknown=unknown,
    )


def _unknown(known: set[str]) -> tuple[str, ...]:
    ours = {name for name in os.environ if name.startswith(PREFIX)}
    tests = {name for name in ours if name.startswith(f"{PREFIX}TEST_")}
    files = {name for name in ours if name.removesuffix("_FILE") in known}
    return tuple(sorted(ours - known - tests - files))


def _text(env: _Variables, name: str, default: str | None, parse: Callable[[str], Any]) -> Any:
    """A variable by a parser of our own, its default by the same one."""
    raw = env.str(name, "").strip() or default  # an empty variable is an unset one
    if raw is None:
        return None
    try:
        return parse(raw)
    except (ValueError, KeyError, OSError) as error:
        env.wrong(PREFIX + name, f"{error}.")
        return None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _minutes(text: str) -> timedelta:
    return timedelta(minutes=_whole(1, 60)(text))


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text.lower()

    return parse


def _yes_or_no(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _each(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(parse(part.strip()) for part in text.split(",") if part.strip())


def _matching(pattern: str, hint: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(hint)
        return text

    return parse


_url = _matching(r"https?://[^/?#]+(/[^?#]*)?", "must be a URL such as https://booking.example.com")
_language_tag = _matching(
    r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", "must be a language tag such as en or de-AT"
)
_address = _matching(r"[^@\s]+@[^@\s]+", "must be an e-mail address")


def _counter(text: str) -> str:
    url = urlsplit(text)
    known = url.scheme in {"redis", "rediss", "valkey", "valkeys"}
    if not known or not url.hostname or url.query or not _port_is_right(url):
        raise ValueError("must be a URL such as redis://user:password@host:6379/0")
    return text


def _port_is_right(url: SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False


def _database(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in SCHEMES or not rest.removeprefix("/"):
        raise ValueError("must be sqlite:///file.db or postgresql://user@host/database")
    return text


def _plain(least: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) < least or not text.isascii() or not text.isprintable():
            raise ValueError(f"must have {least} or more plain characters")
        return text

    return parse


def _directory(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("must be a directory that is there")
    return Path(text)


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, KeyError, OSError) as error:
        raise ValueError("must be a zone of the IANA database such as Europe/Berlin") from error


def _rate(text: str) -> str | None:
    if text == OFF:
        return None
    return _matching(r"[1-9]\d*/(second|minute|hour|day)", f"must be like 100/minute, or {OFF}")(
        text
    )


_UNITS: Mapping[str, str] = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _offsets(text: str) -> tuple[timedelta, ...]:
    if text == OFF:
        return ()
    return _each(_offset)(text)


def _offset(text: str) -> timedelta:
    return _length(text, f"must be like 24h,1h (d, h or m), or {OFF}")


_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def _hours(text: str) -> tuple[time, time] | None:
    if text == OFF:
        return None
    found = re.fullmatch(rf"({_CLOCK})-({_CLOCK})", text)
    if not found or found[1] == found[2]:
        raise ValueError(f"must be like 22:00-07:00, or {OFF}")
    return time.fromisoformat(found[1]), time.fromisoformat(found[2])


def _age(text: str) -> timedelta | None:
    return None if text == OFF else _length(text, f"must be like 90d (d, h or m), or {OFF}")


def _length(text: str, hint: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([dhm])", text)
    if not found:
        raise ValueError(hint)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _pause(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,4})([hms])", text)
    pause = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if pause is None or pause > LONGEST:
        raise ValueError("must be like 2s,1m,24h (h, m or s), none longer than 24h")
    return pause


def _network(text: str) -> Network:
    return ip_network(text, strict=False)
