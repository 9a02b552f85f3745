"""API keys: made once, shown once, kept as digests."""

import os
import secrets
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from bookingd.config import PREFIX, Config
from storage.ids import new_id
from storage.model import ApiKey, Scope

_MARK = {Scope.ADMIN: "bk_admin_", Scope.PUBLISHABLE: "bk_pub_"}
"""What a key begins with, so that people and secret scanners see which kind it is."""


def new_secret(scope: Scope) -> str:
    """A key: its mark and 32 random bytes."""
    return _MARK[scope] + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a key: SHA-256, which needs no salt for 32 random bytes."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(
    name: str, scope: Scope, now: datetime, expires_at: datetime | None = None
) -> tuple[str, ApiKey]:
    """A new key: the secret, to be shown now, and the record of it."""
    secret = new_secret(scope)
    record = ApiKey(
        id=new_id(now),
        name=name,
        scope=scope,
        digest=digest(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return secret, record


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
