"""Bring bad luck over the real daemon: `python -m nemesis --help`."""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.postgres import database, postgres
from nemesis import kills, steps
from nemesis.relay import Relay, relay
from tests.e2e.conftest import Daemons
from tests.e2e.database import Database

SHOWN = 20

on_database = click.option(
    "--database",
    "kind",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
)
with_seed = click.option("--seed", type=int, help="Decides what chance decides.  [default: random]")


@click.group()
def main() -> None:
    """Bring bad luck over daemons that are started for it, and say how they took that."""


@main.command("kills")
@on_database
@with_seed
@click.option("--kills", "count", type=click.IntRange(1), default=200, show_default=True)
@click.option(
    "--pause",
    type=click.FloatRange(0.01),
    default=0.4,
    show_default=True,
    help="Seconds that a client waits between two bookings, at the most.",
)
def kill(kind: str, seed: int | None, count: int, pause: float) -> None:
    """Kill at random moments, under load, while the mail server is in all moods."""
    seed = _seed(seed)
    begun = time.monotonic()
    console = Console(stderr=True)
    with console.status("") as status, ground(kind, seed) as (daemons, behind, post):
        plan = kills.Plan(count, seed, pause)
        found = uvloop.run(_killed(daemons, behind, post, plan, status.update))
    _show(_killed_rows(found), f"{kind}, seed {seed}", begun)
    _judge(found.wrong)


async def _killed(daemons: Daemons, *rest: Any) -> kills.Findings:
    try:
        return await kills.run(daemons, *rest)
    finally:
        await daemons.close()


@main.command()
@on_database
@with_seed
def clock(kind: str, seed: int | None) -> None:
    """Set the wall clock back and forth, and a month ahead, while the daemon works."""
    seed, begun = _seed(seed), time.monotonic()
    console = Console(stderr=True)
    with console.status("") as status, ground(kind, seed) as (daemons, behind, post):
        found = uvloop.run(_stepped(daemons, behind, post, status.update))
    _show(_stepped_rows(found), f"{kind}, seed {seed}", begun)
    _judge(found.wrong)


async def _stepped(daemons: Daemons, *rest: Any) -> steps.Findings:
    try:
        return await steps.run(daemons, *rest)
    finally:
        await daemons.close()


@contextmanager
def ground(kind: str, seed: int) -> Iterator[tuple[Daemons, Database, Relay]]:
    """A fresh database, a mail server, and daemons yet to be made."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nemesis")))
        url = f"sqlite:///{home / 'bookingd.db'}"
        if kind == "postgres":
            url = stack.enter_context(database(stack.enter_context(postgres())))
        post = stack.enter_context(relay(home / "receipts", seed))
        yield Daemons(home, url, post), Database(url), post


def _seed(given: int | None) -> int:
    """Say which it is before anything can go wrong."""
    seed = random.randrange(1_000_000) if given is None else given
    click.echo(f"seed {seed}", err=True)
    return seed


Rows = list[tuple[str, object]]


def _killed_rows(found: kills.Findings) -> Rows:
    statuses = ", ".join(f"{status}: {times}" for status, times in sorted(found.answers.items()))
    slowest = f"{max(found.stranded):.2f} s" if found.stranded else "none seen"
    return [
        ("kills", f"{found.kills}, of these {found.starting} while starting"),
        ("bookings answered 201", found.promised),
        ("answers", f"{statuses}, none: {found.unanswered}"),
        ("messages", found.messages),
        ("mails taken", f"{found.mails}, of these {found.untold} with the sender not told"),
        ("under way at the kills", f"{found.leased}, of these {found.in_the_window} taken"),
        ("came twice", found.doubled),
        ("stranded, then sent", f"{len(found.stranded)} times, the slowest in {slowest}"),
        ("due in the end", f"{found.backlog}, sent in {found.drained:.1f} s"),
        ("for its next attempt", found.later),
    ]


def _stepped_rows(found: steps.Findings) -> Rows:
    rows: Rows = [
        (
            f"{seen.ahead.total_seconds() / 3600:+g} h",
            f"longest pause {seen.drain:.1f} s; sent: owed at the step after {seen.owed:.1f} s, "
            f"new {seen.told:.1f} s, reminders {seen.reminded:.1f} s\nreminders: "
            + ", ".join(f"{state} {times}" for state, times in sorted(seen.reminders.items())),
        )
        for seen in found.stretches
    ]
    return [*rows, ("bookings", found.bookings), ("mails", found.mails)]


def _show(rows: Rows, title: str, begun: float) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in rows:
        table.add_row(name, str(value))
    table.add_row("took", f"{time.monotonic() - begun:.0f} s")
    Console(width=100).print(table)


def _judge(wrong: list[str]) -> None:
    click.echo(f"{len(wrong)} breaches")
    for line in wrong[:SHOWN]:
        click.echo(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
