"""What the text of a variable means. Each function raises `ValueError`, saying what it must be."""

import re
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from schedules.retry import LONGEST
from storage import SCHEMES

OFF = "off"
Network = IPv4Network | IPv6Network


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def minutes(text: str) -> timedelta:
    """Up to an hour, in whole minutes."""
    return timedelta(minutes=whole(1, 60)(text))


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words, in small letters."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text.lower()

    return parse


def yes_or_no(text: str) -> bool:
    """A choice."""
    return one_of("yes", "no")(text) == "yes"


def each(parse: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """What is parted by commas."""
    return lambda text: tuple(parse(part.strip()) for part in text.split(",") if part.strip())


def _matching(pattern: str, hint: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(hint)
        return text

    return parse


_url = _matching(
    r"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:[0-9]{1,5})?(/[^\s?#]*)?",
    "must be a URL such as https://booking.example.com",
)
_host = _matching(r"[\w.-]+", "must be a name such as smtp.example.com, or an address")
language_tag = _matching(
    r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", "must be a language tag such as en or de-AT"
)
address = _matching(r"[^@\s]+@[^@\s]+", "must be an e-mail address")


def mailbox(text: str) -> tuple[str, str]:
    """A name, which may be empty, and an address: `Salon Grace <grace@example.org>`."""
    named = re.fullmatch(r'("?)([^"<>]*)\1\s*<([^<>]*)>', text)
    name, spec = (named[2].strip(), named[3]) if named else ("", text)
    if not name.isprintable():
        raise ValueError("must not have control characters")
    return name, address(spec)


def url(text: str) -> str:
    """Where something is on the web."""
    if not _port_is_right(urlsplit(_url(text))):
        raise ValueError("must have a port from 1 to 65535, or none")
    return text


def host(text: str) -> str:
    """A machine, without a port."""
    try:
        return str(ip_address(text))
    except ValueError:
        return _host(text)


def counter(text: str) -> str:
    """Where limits are counted for several daemons."""
    parts = urlsplit(text)
    known = parts.scheme in {"redis", "rediss", "valkey", "valkeys"}
    if not known or not parts.hostname or parts.query or not _port_is_right(parts):
        raise ValueError("must be a URL such as redis://user:password@host:6379/0")
    return text


def _port_is_right(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def database(text: str) -> str:
    """A database that there is a backend for."""
    scheme, _, rest = text.partition("://")
    if scheme not in SCHEMES or not rest.removeprefix("/"):
        raise ValueError("must be sqlite:///file.db or postgresql://user@host/database")
    return text


def plain(least: int) -> Callable[[str], str]:
    """A secret of `least` characters or more."""

    def parse(text: str) -> str:
        if len(text) < least or not text.isascii() or not text.isprintable():
            raise ValueError(f"must have {least} or more plain characters")
        return text

    return parse


def directory(text: str) -> Path:
    """A directory that is there."""
    if not Path(text).is_dir():
        raise ValueError("must be a directory that is there")
    return Path(text)


def zone(text: str) -> str:
    """A time zone."""
    try:
        return ZoneInfo(text).key
    except (ValueError, KeyError, OSError) as error:
        raise ValueError("must be a zone of the IANA database such as Europe/Berlin") from error


def rate(text: str) -> str | None:
    """A limit, in the words of the library that counts; None for none."""
    if text == OFF:
        return None
    return _matching(r"[1-9]\d*/(second|minute|hour|day)", f"must be like 100/minute, or {OFF}")(
        text
    )


_UNITS: Mapping[str, str] = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def offsets(text: str) -> tuple[timedelta, ...]:
    """Lengths of time, or none."""
    if text == OFF:
        return ()
    return each(_offset)(text)


def _offset(text: str) -> timedelta:
    return _length(text, f"must be like 24h,1h (d, h or m), or {OFF}")


_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def hours(text: str) -> tuple[time, time] | None:
    """A stretch of the day, or none."""
    if text == OFF:
        return None
    found = re.fullmatch(rf"({_CLOCK})-({_CLOCK})", text)
    if not found or found[1] == found[2]:
        raise ValueError(f"must be like 22:00-07:00, or {OFF}")
    return time.fromisoformat(found[1]), time.fromisoformat(found[2])


def age(text: str) -> timedelta | None:
    """A length of time, or none."""
    return None if text == OFF else _length(text, f"must be like 90d (d, h or m), or {OFF}")


def _length(text: str, hint: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([dhm])", text)
    if not found:
        raise ValueError(hint)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def pause(text: str) -> timedelta:
    """A length of time from one attempt to the next."""
    found = re.fullmatch(r"([1-9]\d{0,4})([hms])", text)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if length is None or length > LONGEST:
        raise ValueError("must be like 2s,1m,24h (h, m or s), none longer than 24h")
    return length


def network(text: str) -> Network:
    """Addresses."""
    return ip_network(text, strict=False)
