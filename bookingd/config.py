"""The environment, read once. Nothing else in the product looks at it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from environs import EnvValidationError, FileAwareEnv

from bookingd import parse
from bookingd.origins import origin
from bookingd.parse import OFF, Network
from schedules.channels import Relay
from schedules.housekeeping import Retention
from schedules.messages import Promises
from schedules.quiet import QuietHours
from storage.model import ContactField

PREFIX = "BOOKINGD_"
SHORTEST_KEY = 16
SHORTEST_SECRET = 32

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
    mail_name: str
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
        _read(env, dotenv)
    values = _values(env)
    _check_keys_differ(env, values)
    _check_login(env, values)
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
    """Collects all that is wrong, a secret's file that cannot be read or is empty included."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        file = f"{env_key}{self.file_suffix}"
        try:
            value = super()._get_value(env_key, default)
        except ValueError as error:
            self.wrong(file, str(error))
            return default
        if value == "" and os.environ.get(file):
            self.wrong(file, "The file is empty.")
        return value

    def wrong(self, name: str, reason: str) -> None:
        """Note what is wrong with a variable."""
        self._errors[name].append(reason)


def _read(env: _Variables, dotenv: Path) -> None:
    try:
        env.read_env(dotenv, recurse=False)
    except (OSError, ValueError) as error:
        raise BadConfigurationError(f"the file {dotenv} cannot be read: {error}") from None


def _values(env: _Variables) -> dict[str, Any]:
    environment = env.enum("ENV", Environment.DEVELOPMENT, enum=Environment, by_value=True)
    at_a_desk = environment is Environment.DEVELOPMENT
    relay_host = _text(env, "SMTP_HOST", None, parse.host)
    port = _text(env, "PORT", "8080", parse.whole(0, 65535))
    host = _text(env, "HOST", "127.0.0.1", str)
    return {
        "environment": environment,
        "host": host,
        "port": port,
        "base_url": _text(env, "BASE_URL", None, parse.url) or _here(host, port),
        "database_url": _text(env, "DATABASE_URL", "sqlite:///bookingd.db", parse.database),
        "admin_key": _text(env, "ADMIN_KEY", None, parse.plain(SHORTEST_KEY)),
        "public_key": _text(env, "PUBLIC_KEY", None, parse.plain(SHORTEST_KEY)),
        "operator_key": _text(env, "OPERATOR_KEY", None, parse.plain(SHORTEST_KEY)),
        "link_secret": _text(env, "LINK_SECRET", None, parse.plain(SHORTEST_SECRET)),
        "smtp_host": relay_host,
        "smtp_port": _text(env, "SMTP_PORT", "587", parse.whole(1, 65535)),
        "smtp_username": _text(env, "SMTP_USERNAME", None, str),
        "smtp_password": _text(env, "SMTP_PASSWORD", None, str),
        "smtp_tls": _text(env, "SMTP_TLS", "starttls", parse.one_of("none", "starttls", "tls")),
        "mail_from": _text(env, "MAIL_FROM", "bookings@localhost", parse.mailbox),
        # Where mail only becomes files it can go to an administrator who does not exist.
        "admin_email": _text(
            env,
            "ADMIN_EMAIL",
            "admin@localhost" if at_a_desk and not relay_host else None,
            parse.address,
        ),
        "mail_dir": _text(env, "MAIL_DIR", "mail", Path),
        "templates_dir": _text(env, "TEMPLATES_DIR", None, parse.directory),
        "calendar_alarms": _text(env, "CALENDAR_ALARMS", OFF, parse.offsets),
        "locale": _text(env, "LOCALE", "en", parse.language_tag),
        "time_zone": _text(env, "TIMEZONE", "UTC", parse.zone),
        "reminders": _text(env, "REMINDERS", "24h", parse.offsets),
        "retries": _text(
            env, "RETRIES", "2s,4s,8s,1m,5m,30m,2h,4h,8h,24h", parse.each(parse.pause)
        ),
        "quiet_hours": _text(env, "QUIET_HOURS", OFF, parse.hours),
        "keep_messages": _text(env, "KEEP_MESSAGES", "90d", parse.age),
        "keep_bookings": _text(env, "KEEP_BOOKINGS", OFF, parse.age),
        "hold_for": _text(env, "HOLD_MINUTES", "5", parse.minutes),
        "holds_per_address": _text(env, "HOLDS_PER_ADDRESS", "3", parse.whole(1, 1000)),
        "rate_limit": _text(env, "RATE_LIMIT", "100/minute", parse.rate),
        "rate_limit_url": _text(env, "RATE_LIMIT_URL", None, parse.counter),
        "cors_origins": _text(env, "CORS_ORIGINS", "", parse.each(origin)),
        "admin_cors_origins": _text(env, "ADMIN_CORS_ORIGINS", "", parse.each(origin)),
        "trusted_proxies": _text(env, "TRUSTED_PROXIES", "", parse.each(parse.network)),
        "log_level": _text(
            env,
            "LOG_LEVEL",
            "debug" if at_a_desk else "info",
            parse.one_of("debug", "info", "warning", "error"),
        ),
        "log_format": _text(
            env, "LOG_FORMAT", "text" if at_a_desk else "json", parse.one_of("text", "json")
        ),
        "log_file": _text(env, "LOG_FILE", None, Path),
        "required_fields": _text(
            env, "REQUIRED_FIELDS", "name,email,company", parse.each(parse.one_of(*ContactField))
        ),
        "webhook_allow_private": _text(
            env, "WEBHOOK_ALLOW_PRIVATE", "yes" if at_a_desk else "no", parse.yes_or_no
        ),
    }


def _here(host: str, port: int) -> str:
    """How the daemon is reached on this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _check_keys_differ(env: _Variables, values: dict[str, Any]) -> None:
    admin, public, operator = (values[f"{kind}_key"] for kind in ("admin", "public", "operator"))
    if public and public == admin:
        env.wrong(f"{PREFIX}PUBLIC_KEY", "must differ from the admin key.")
    if operator and operator in {admin, public}:
        env.wrong(f"{PREFIX}OPERATOR_KEY", "must differ from the other keys.")


def _check_login(env: _Variables, values: dict[str, Any]) -> None:
    """A name without a password, or the other way round, would be no login, and nobody told."""
    names = [f"{PREFIX}SMTP_USERNAME", f"{PREFIX}SMTP_PASSWORD"]
    missing = [name for name in names if not values[name.removeprefix(PREFIX).lower()]]
    if len(missing) == 1 and f"{missing[0]}{env.file_suffix}" not in env._errors:
        [there] = set(names) - set(missing)
        env.wrong(missing[0], f"must be set where {there} is.")


def _config(values: dict[str, Any], unknown: tuple[str, ...]) -> Config:
    smtp = {name: values.pop(f"smtp_{name}") for name in Relay.__dataclass_fields__}
    quiet = values.pop("quiet_hours")
    promises = Promises(
        values.pop("admin_email"),
        values.pop("reminders"),
        QuietHours(quiet[0], quiet[1], values["time_zone"]) if quiet else None,
    )
    retention = Retention(values.pop("keep_messages"), values.pop("keep_bookings"))
    values["mail_name"], values["mail_from"] = values["mail_from"]
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


def _text(env: _Variables, name: str, default: str | None, parser: Callable[[str], Any]) -> Any:
    """A variable by a parser of our own, its default by the same one."""
    raw = env.str(name, "").strip() or default  # an empty variable is an unset one
    if raw is None:
        return None
    try:
        return parser(raw)
    except (ValueError, KeyError, OSError) as error:
        env.wrong(PREFIX + name, f"{error}.")
        return None
