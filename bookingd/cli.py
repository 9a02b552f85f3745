"""The command line."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, NoReturn

import click

from bookingd import __version__, config
from bookingd.config import BadConfigurationError, Config
from storage.errors import AlreadyRunning, BadAddress, NewerSchema, StorageError
from storage.interface import Health, Storage
from storage.model import ApiKey, Scope
from storage.writes import Write

LONGEST_NAME = 100
"""Characters of a key's name."""

WIDEST = 120
"""Columns that a table may take; a narrower terminal folds the lines, and no id is cut short."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bookingd")
def main() -> None:
    """Appointments for a small business: one daemon, no double booking, no lost mail.

    Everything is set by BOOKINGD_... variables; .env.example explains each.
    """


@main.command()
def serve() -> None:
    """Run the daemon until SIGTERM or SIGINT."""
    from bookingd import app, greeting, logs
    from bookingd.clock import now
    from bookingd.keys import with_development_keys

    settings = _configuration()
    if settings.development:
        try:
            settings = with_development_keys(settings)
        except OSError as error:
            _fail(os.EX_CANTCREAT, f"cannot keep the keys in .env: {error.strerror}")
    try:
        logs.configure(settings)
    except OSError as error:
        _fail(os.EX_CONFIG, f"cannot write {settings.log_file}: {error.strerror}")
    _run(lambda: app.serve(settings, lambda: greeting.greet(settings, now())))


@main.command()
def check() -> None:
    """Say whether the configuration and the database are in order."""
    settings = _configuration()
    found: Health = _with_storage(settings, lambda storage: storage.health())
    click.echo(f"database: {found.backend}, answers in {found.latency * 1000:.1f} ms")
    for warning in settings.warnings:
        click.echo(f"warning: {warning}")
    click.echo("configuration: in order")


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date, as `serve` does at its start."""
    from storage import open_storage

    settings = _configuration()

    async def bring() -> None:
        storage = await open_storage(settings.database_url)
        await storage.close()

    _run(bring)
    click.echo("the schema is up to date")


@main.group()
def keys() -> None:
    """API keys: made here, shown once, kept as digests."""


@keys.command("create")
@click.argument("name", callback=lambda _context, _parameter, name: _named(name))
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.PUBLISHABLE.value,
    show_default=True,
    help="publishable keys may sit in a web page and only place bookings",
)
@click.option("--days", type=click.IntRange(1, 36500), help="expires after so many days")
def create_key(name: str, scope: str, days: int | None) -> None:
    """Make a key called NAME and print it, once."""
    from bookingd.clock import now
    from bookingd.keys import new_key
    from storage.writes import SaveKey

    made = now()
    expires_at = made + timedelta(days=days) if days else None
    secret, record = new_key(name, Scope(scope), made, expires_at)
    _with_storage(_configuration(), lambda storage: _commit(storage, SaveKey(record)))
    click.echo(secret)
    click.echo("Keep it now: it is not shown again.", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def list_keys(as_json: bool) -> None:
    """List the keys, without their secrets."""
    found: list[ApiKey] = _with_storage(_configuration(), lambda storage: storage.keys())
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "scope": key.scope.value,
            "created": _day(key.created_at),
            "expires": _day(key.expires_at),
            "revoked": _day(key.revoked_at),
        }
        for key in found
    ]
    if as_json:
        import json

        click.echo(json.dumps(rows, indent=2))
    else:
        _table(rows)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """Make the key with this ID stop working, within a second."""
    from dataclasses import replace

    from bookingd.clock import now
    from storage.writes import SaveKey

    settings = _configuration()
    found: list[ApiKey] = _with_storage(settings, lambda storage: storage.keys())
    key = next((key for key in found if key.id == key_id), None)
    if key is None:
        _fail(os.EX_DATAERR, f"there is no key {key_id}; see: bookingd keys list")
    revoked = replace(key, revoked_at=key.revoked_at or now())
    _with_storage(settings, lambda storage: _commit(storage, SaveKey(revoked)))
    click.echo(f"{key.name} is revoked")


def _configuration() -> Config:
    try:
        return config.load()
    except BadConfigurationError as error:
        _fail(os.EX_CONFIG, str(error))


def _with_storage(settings: Config, work: Callable[[Storage], Coroutine[Any, Any, Any]]) -> Any:
    """Do `work` on the database, beside a daemon if one runs."""
    from storage import open_storage

    async def run() -> Any:
        storage = await open_storage(settings.database_url, shared=True)
        try:
            return await work(storage)
        finally:
            await storage.close()

    return _run(run)


async def _commit(storage: Storage, write: Write[Any]) -> None:
    for outcome in await storage.commit([write]):
        if isinstance(outcome, StorageError):
            raise outcome


def _run(main_: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run to the end; what is foreseeable ends in a sentence and a code of sysexits(3)."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main_())
    except AlreadyRunning as error:
        _fail(os.EX_TEMPFAIL, str(error))
    except (NewerSchema, BadAddress) as error:
        _fail(os.EX_CONFIG, str(error))
    except StorageError as error:
        _fail(os.EX_UNAVAILABLE, str(error))
    except OSError as error:
        _fail(os.EX_OSERR, str(error))


def _fail(code: int, message: str) -> NoReturn:
    click.echo(f"bookingd: {message}", err=True)
    sys.exit(code)


def _named(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise click.BadParameter(f"must be text of 1 to {LONGEST_NAME} characters")
    return name


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


def _table(rows: list[dict[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in rows[0] if rows else ["no keys"]:
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    for row in rows:
        table.add_row(*row.values())
    console = Console(markup=False)
    console.width = max(console.width, WIDEST)
    console.print(table)
