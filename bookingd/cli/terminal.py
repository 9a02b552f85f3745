"""What the commands share: configuration, a way into storage, exit codes, tables."""

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click

from bookingd import config
from bookingd.config import BadConfigurationError, Config
from storage.errors import AlreadyRunning, BadAddress, NewerSchema, NoDatabase, StorageError
from storage.interface import Storage
from storage.model import Booking
from storage.writes import Write

WIDEST = 120
"""Columns that a table may take; a narrower terminal folds the lines, and no id is cut short."""

MAKE_ONE = (
    "'bookingd serve', 'bookingd setup' and 'bookingd migrate' make one; "
    "BOOKINGD_DATABASE_URL says where"
)

as_json_option = click.option("--json", "as_json", is_flag=True, help="for programs")


def configuration() -> Config:
    """The settings; the command ends if they cannot be used."""
    try:
        return config.load()
    except BadConfigurationError as error:
        fail(os.EX_CONFIG, str(error))


def with_storage(
    settings: Config, work: Callable[[Storage], Coroutine[Any, Any, Any]], *, create: bool = False
) -> Any:
    """Do `work` on the database, beside a daemon if one runs; where none is, only to `create` it.

    Else a command in the wrong directory would leave an empty one there, and find nothing.
    """
    from storage import open_storage

    async def run_() -> Any:
        storage = await open_storage(settings.database_url, shared=True, create=create)
        try:
            return await work(storage)
        finally:
            await storage.close()

    return run(run_)


async def commit(storage: Storage, *writes: Write[Any]) -> list[Any]:
    """Carry out `writes`. Raises the first `StorageError` among the outcomes."""
    outcomes = await storage.commit(writes)
    for outcome in outcomes:
        if isinstance(outcome, StorageError):
            raise outcome
    return outcomes


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run to the end; what is foreseeable ends in a sentence and a code of sysexits(3)."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except AlreadyRunning as error:
        fail(os.EX_TEMPFAIL, str(error))
    except (NewerSchema, BadAddress) as error:
        fail(os.EX_CONFIG, str(error))
    except NoDatabase as error:
        fail(os.EX_NOINPUT, f"{error}; {MAKE_ONE}")
    except StorageError as error:
        fail(os.EX_UNAVAILABLE, str(error))


def fail(code: int, message: str) -> NoReturn:
    """End the command with a sentence and an exit code."""
    click.echo(f"bookingd: {message}", err=True)
    sys.exit(code)


def print_json(value: object) -> None:
    """For programs."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def booking_row(booking: Booking, zone: ZoneInfo) -> dict[str, str]:
    """A booking in a table."""
    return {
        "id": booking.id,
        "start": f"{booking.start_time.astimezone(zone):%Y-%m-%d %H:%M %Z}",
        "end": f"{booking.end_time.astimezone(zone):%H:%M}",
        "status": booking.status.value,
        "name": booking.name,
        "email": booking.email,
    }


def print_table(rows: Sequence[dict[str, str]], folding: Collection[str], if_none: str) -> None:
    """For people: the columns in `folding` may take several lines; `if_none` stands for no rows."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in rows[0] if rows else [if_none]:
        table.add_column(name, overflow="fold", no_wrap=name not in folding)
    for row in rows:
        table.add_row(*row.values())
    console = Console(markup=False)
    console.width = max(console.width, WIDEST)
    console.print(table)
