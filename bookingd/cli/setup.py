"""`bookingd setup`: a business from one file."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bookingd.cli.terminal import (
    as_json_option,
    commit,
    configuration,
    fail,
    print_json,
    print_table,
    with_storage,
)
from storage.errors import StaleVersion
from storage.interface import Storage

if TYPE_CHECKING:
    from bookingd.setup import Plan


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="say what would become of it, and write nothing")
@as_json_option
def setup(file: Path, dry_run: bool, as_json: bool) -> None:
    """Set up services and resources, with their hours and closures, as a FILE of TOML has them.

    What there is already is known by its name, and becomes what the file says of it. So the file
    may be changed and used again. What it does not name stays as it is, and so do closures;
    nothing is ever deleted. The "Appointment" and the "Office" that a new database begins with go
    into the archive, unless the file names them, or somebody has changed them.

    A daemon that runs offers what is new within a second. examples/business.toml has everything
    that a file may say.
    """
    steps = list(_told(_from_file(file, dry_run)))
    if as_json:
        print_json(steps)
        return
    rows = [_row(step) for step in steps]
    print_table(rows, folding={"name", "changes"}, if_none="nothing to do")
    if dry_run:
        click.echo("Nothing was written.", err=True)


def _from_file(file: Path, dry_run: bool) -> "Plan":
    """What the file makes of what is kept, carried out unless it is but tried."""
    from bookingd.business import BadFile, read, refusal
    from bookingd.setup import NotClear

    try:
        text = file.read_text("utf-8-sig")
        business = read(text)
        try:
            work = partial(_made, business=business, dry_run=dry_run)
            found: Plan = with_storage(configuration(), work, create=not dry_run)
        except NotClear as error:
            raise refusal(text, error.wrong) from error
        else:
            return found
    except UnicodeDecodeError:
        fail(os.EX_DATAERR, f"{file}: is not UTF-8")
    except BadFile as bad:
        told = [f"{file}:{line}: {why}" if line else f"{file}: {why}" for line, why in bad.faults]
        fail(os.EX_DATAERR, "\n".join(told))


async def _made(storage: Storage, business: dict[str, Any], dry_run: bool) -> "Plan":
    from bookingd.catalogue import Catalogue
    from bookingd.clock import now
    from bookingd.setup import plan

    found = plan(business, await Catalogue(storage).get(), now())
    if not dry_run:
        try:
            await commit(storage, *found.writes())
        except StaleVersion:
            fail(os.EX_TEMPFAIL, "somebody else changed something just now; do it again")
    return found


def _told(plan: "Plan") -> Iterator[dict[str, Any]]:
    """Each step in JSON: what becomes of which record, and for a change what was and is."""
    from bookingd.api import present

    for step in plan.steps:
        before = present.in_full(step.before) if step.before else None
        after = present.in_full(step.after)
        yield {
            "kind": type(step.after).__name__.lower(),
            "id": step.after.id,
            "name": step.after.name,
            "outcome": step.outcome.value,
            "changes": _changes(before, after) if before else {},
        }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    silent = {"version", "updatedAt", "archivedAt"}
    return {
        name: {"before": was, "after": after[name]}
        for name, was in before.items()
        if name not in silent and was != after[name]
    }


def _row(step: dict[str, Any]) -> dict[str, str]:
    """A step in a table."""
    return {
        "kind": step["kind"],
        "name": step["name"],
        "outcome": step["outcome"],
        "changes": ", ".join(step["changes"]),
    }
