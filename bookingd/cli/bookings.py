"""`bookingd bookings`: list and export, straight from the database."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from bookingd.cli.erase import erase
from bookingd.cli.terminal import (
    as_json_option,
    booking_row,
    configuration,
    fail,
    print_table,
    with_storage,
)
from storage.interface import BookingFilter, Sort, Storage
from storage.model import Booking

if TYPE_CHECKING:
    from marshmallow import Schema

FILTERS = {
    "status": "any of these, parted by commas",
    "dateFrom": "starts then or later, such as 2027-03-01T09:00:00+01:00",
    "dateTo": "starts before that",
    "email": "of this address",
    "q": "part of name, company or e-mail",
    "serviceId": "of this service",
    "resourceId": "of this resource",
    "updatedSince": "changed then or later",
}
"""What the API takes, under its names."""


def _option(name: str) -> str:
    """`--date-from` for `dateFrom`."""
    return "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for name, meaning in reversed(FILTERS.items()):
        command = click.option(_option(name), name, help=meaning)(command)
    return command


def _sort(default: Sort) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--sort",
        type=click.Choice([sort.value for sort in Sort]),
        default=default.value,
        show_default=True,
    )


@click.group()
def bookings() -> None:
    """Bookings, straight from the database, beside a daemon if one runs."""


bookings.add_command(erase)


@bookings.command("list")
@_filters
@_sort(Sort.START)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@as_json_option
def list_(as_json: bool, **given: Any) -> None:
    """List bookings; for many, export them.

    Times are those of BOOKINGD_TIMEZONE, in JSON in UTC.
    """
    from bookingd.api import present
    from bookingd.api.listing import selected
    from bookingd.api.schemas.bookings import ListQuery

    settings, query = configuration(), _query(ListQuery(), given)
    which = selected(query)

    async def work(storage: Storage) -> tuple[list[Booking], int]:
        found = await storage.bookings(which, sort=query["sort"], limit=query["limit"])
        return found, await storage.count_bookings(which)

    found, total = with_storage(settings, work)
    if as_json:
        click.echo(present.dumps([present.booking(booking) for booking in found]))
        return
    zone = ZoneInfo(settings.time_zone)
    print_table(
        [booking_row(one, zone) for one in found], folding={"name", "email"}, if_none="none"
    )
    if len(found) < total:
        click.echo(f"{len(found)} of {total}", err=True)


@bookings.command()
@_filters
@_sort(Sort.CREATED)
@click.option("--format", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--person", help="all that is kept about who has or had this address, as JSON")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    help="the file to write; it is there when it is whole, and for you alone",
)
def export(output: str, person: str | None, **given: Any) -> None:
    """Write all bookings to a file, or to standard output.

    CSV is for spreadsheets: what one could take for a formula begins with a quote sign.
    With --person, each booking comes with its history and its mails.
    """
    from bookingd import exporting
    from bookingd import person as about
    from bookingd.api.listing import selected
    from bookingd.api.schemas.bookings import ExportQuery

    query = _query(ExportQuery(), given)
    which = selected(query)
    if person is not None:
        _check_alone("person", "output")
        which = BookingFilter(person=person)

    async def work(storage: Storage) -> int:
        done, total = 0, await storage.count_bookings(which)
        pieces = (
            about.written(storage, person)
            if person is not None
            else exporting.written(storage, which, query["sort"], query["format"])
        )
        with _target(output) as file, _progress(output, total) as advance:
            async for piece, count in pieces:
                file.write(piece)
                advance(count)
                done += count
        return done

    done = with_storage(configuration(), work)
    if output != "-":
        click.echo(f"{output}: {done} written", err=True)


def _check_alone(*names: str) -> None:
    """No option but these is given."""
    context = click.get_current_context()
    for name in context.params.keys() - set(names):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{_option(name)} does not go with {_option(names[0])}")


def _query(schema: "Schema", given: dict[str, Any]) -> dict[str, Any]:
    """The options as the API would read them."""
    from marshmallow import ValidationError

    texts = {name: str(value) for name, value in given.items() if value is not None}
    try:
        query: dict[str, Any] = schema.load(texts)
    except ValidationError as error:
        [(name, why), *_] = error.messages_dict.items()
        raise click.BadParameter(" ".join(why), param_hint=_option(name)) from error
    return query


@contextmanager
def _target(output: str) -> Iterator[IO[bytes]]:
    """Where to write. A file gets its name when it is whole; what is none is written as it is."""
    path = Path(output).resolve()
    if output == "-":
        yield sys.stdout.buffer
    elif path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
    else:
        with _new_file(path) as file:
            try:
                yield file
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(file.name).unlink()
                raise


def _new_file(path: Path) -> IO[bytes]:
    try:
        return NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)
    except OSError as error:
        fail(os.EX_CANTCREAT, f"cannot write {path}: {error.strerror}")


@contextmanager
def _progress(output: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal, unless the bookings themselves go there."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    mute = not console.is_terminal or (output == "-" and sys.stdout.isatty())
    with Progress(console=console, disable=mute, transient=True) as progress:
        task = progress.add_task("bookings", total=total)
        yield lambda count: progress.advance(task, count)
