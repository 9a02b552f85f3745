"""API keys: made once, shown once, kept as digests.

A key is its mark, 43 characters of 0-9, A-Z and a-z (256 random bits), and as a checksum six more:
the CRC-32 of all before them, in base 62. So a mistyped key is known without a look-up, and a
secret scanner can tell a key from what only looks like one.
"""

import os
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from zlib import crc32

from bookingd.config import PREFIX, Config
from storage.ids import new_id
from storage.model import ApiKey, Scope

_MARK = {
    Scope.PUBLISHABLE: "bk_pub_",
    Scope.READ_ONLY: "bk_read_",
    Scope.OPERATOR: "bk_op_",
    Scope.CALENDAR: "bk_cal_",
    Scope.ADMIN: "bk_admin_",
}
"""What a key begins with, so that people and secret scanners see which kind it is."""

_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_RANDOM = 43
_CHECKSUM = 6
_SHOWN = 6
_PATTERN = re.compile(rf"(?:{'|'.join(_MARK.values())})[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


def new_secret(scope: Scope) -> str:
    """A key."""
    body = _MARK[scope] + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def well_formed(secret: str) -> bool:
    """Whether this can be a key at all: its shape and its checksum are right."""
    if not _PATTERN.fullmatch(secret):
        return False
    return _checksum(secret[:-_CHECKSUM]) == secret[-_CHECKSUM:]


def _checksum(body: str) -> str:
    rest, found = crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        rest, digit = divmod(rest, len(_ALPHABET))
        found = _ALPHABET[digit] + found
    return found


def digest(secret: str) -> str:
    """What is kept of a key: SHA-256, which needs no salt for 256 random bits."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(
    name: str,
    scope: Scope,
    now: datetime,
    expires_at: datetime | None = None,
    origins: tuple[str, ...] = (),
) -> tuple[str, ApiKey]:
    """A new key: the secret, to be shown now, and the record of it."""
    secret = new_secret(scope)
    record = ApiKey(
        id=new_id(now),
        name=name,
        scope=scope,
        prefix=secret[: len(_MARK[scope]) + _SHOWN],
        digest=digest(secret),
        created_at=now,
        origins=origins,
        expires_at=expires_at,
    )
    return secret, record


def rolled(old: ApiKey, now: datetime, grace: timedelta) -> tuple[str, ApiKey, ApiKey]:
    """A key in the place of `old`: the secret, its record, and the old one, soon to expire.

    The new one lasts as long as the old one was meant to.
    """
    expires_at = now + (old.expires_at - old.created_at) if old.expires_at else None
    secret, new = new_key(old.name, old.scope, now, expires_at, old.origins)
    ends = min(now + grace, old.expires_at or now + grace)
    return secret, new, replace(old, expires_at=ends)


def works(key: ApiKey, now: datetime) -> bool:
    """Whether the key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def with_development_keys(config: Config, dotenv: Path = Path(".env")) -> Config:
    """At a desk: the configuration with both keys, made now if need be and kept in `dotenv`.

    Raises `OSError` if the file cannot be written.
    """
    made: dict[str, str] = {}
    if config.admin_key is None:
        made["admin_key"] = new_secret(Scope.ADMIN)
    if config.public_key is None:
        made["public_key"] = new_secret(Scope.PUBLISHABLE)
    if not made:
        return config
    descriptor = os.open(dotenv, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        if not _ends_a_line(dotenv):
            file.write("\n")
        file.writelines(f"{PREFIX}{name.upper()}={secret}\n" for name, secret in made.items())
    return replace(config, **made)  # type: ignore[arg-type]


def _ends_a_line(path: Path) -> bool:
    content = path.read_bytes()
    return not content or content.endswith(b"\n")
