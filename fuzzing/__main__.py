"""Attack the real daemon: `python -m fuzzing --help`."""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import click
import uvloop
from rich.console import Console

from benchmarks.postgres import database, postgres
from benchmarks.servers import Running, daemon, running
from benchmarks.sink import sink
from fuzzing.documented import attack as documented_attack
from fuzzing.raw import Findings, attack
from fuzzing.requests import Keys
from fuzzing.slow import Measured, measure, p99

on_database = click.option(
    "--database",
    "kind",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
)
SHOWN = 20
ALLOWED = 2.0
"""How much slower normal requests may be among clients that dawdle."""


@click.group()
def main() -> None:
    """Attack a daemon that is started for it, and say how it took that."""


@main.command()
@on_database
@click.option("--cases", type=click.IntRange(1), default=50_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def raw(kind: str, cases: int, seed: int) -> None:
    """Send broken requests; none may be answered badly, or leave anything behind."""
    console = Console(stderr=True)
    with console.status("") as status, attacked(kind) as (server, keys, log):
        findings = uvloop.run(attack(server.port, keys, seed, cases, status.update))
    findings.wrong += faults(log())
    _show_findings(findings)
    sys.exit(bool(findings.wrong))


@main.command()
@on_database
@click.option("--connections", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5), default=15.0, show_default=True)
def slow(kind: str, connections: int, seconds: float) -> None:
    """Dawdle with heads, bodies and idle connections, while normal requests are measured."""
    console = Console(stderr=True)
    with console.status("") as status, attacked(kind) as (server, keys, log):
        found = uvloop.run(measure(server.port, keys, connections, seconds, status.update))
    wrong = faults(log())
    _show_measured(found, connections)
    for line in wrong[:SHOWN]:
        click.echo(line)
    sys.exit(bool(wrong) or p99(found.crowded) > ALLOWED * p99(found.calm))


@main.command()
@on_database
@click.option(
    "--examples",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="of each operation, at most",
)
@click.option(
    "--least", default=5000, show_default=True, help="fewer cases than that are a failure"
)
@click.option("--seed", type=int, default=1, show_default=True)
def documented(kind: str, examples: int, least: int, seed: int) -> None:
    """Send what the OpenAPI document allows, and what not; all answers have to be as it says."""
    with attacked(kind) as (server, keys, log):
        verdict = documented_attack(server.port, keys.admin, seed, examples)
    wrong = [*faults(log()), *verdict.complaints(least)]
    click.echo(f"{kind}: {verdict.cases} cases in {verdict.seconds:.0f} s, {len(wrong)} complaints")
    for line in wrong[:SHOWN]:
        click.echo(line)
    sys.exit(bool(wrong))


Log = Callable[[], str]


@contextmanager
def attacked(kind: str) -> Iterator[tuple[Running, Keys, Log]]:
    """Run the daemon on a fresh database; its keys and its log."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz")))
        url = f"sqlite:///{directory / 'bookingd.db'}"
        if kind == "postgres":
            url = stack.enter_context(database(stack.enter_context(postgres())))
        server = daemon("attacked", directory, url, stack.enter_context(sink()).port)
        keys = Keys(server.settings["BOOKINGD_ADMIN_KEY"], server.settings["BOOKINGD_PUBLIC_KEY"])
        log = directory / "attacked.log"
        text: list[str] = []
        with running(server) as started:
            yield started, keys, lambda: text[0] if text else log.read_text(errors="replace")
        text.append(log.read_text(errors="replace"))


def faults(log: str) -> list[str]:
    """List what the daemon took for a fault of its own."""
    found = [
        line
        for line in log.splitlines()
        if re.search(r'Traceback|"level":"(ERROR|CRITICAL)"', line)
    ]
    return [f"log: {line[:2000]}" for line in found]


def _show_findings(findings: Findings) -> None:
    statuses = ", ".join(f"{code}: {times}" for code, times in sorted(findings.statuses.items()))
    click.echo(f"{findings.sent} requests in {findings.seconds:.0f} s; answers {statuses}")
    click.echo(f"{len(findings.placed)} bookings answered 201, {findings.stored} stored")
    click.echo(f"{len(findings.wrong)} complaints")
    for line in findings.wrong[:SHOWN]:
        click.echo(line)


def _show_measured(found: Measured, connections: int) -> None:
    calm, crowded = p99(found.calm), p99(found.crowded)
    for name, took in (("calm", found.calm), (f"among {connections}", found.crowded)):
        figures = f"p50 {median(took):.1f} ms, p99 {p99(took):.1f} ms"
        click.echo(f"{name}: {figures}, {len(took)} bookings")
    click.echo(f"ratio {crowded / calm:.2f}, at most {ALLOWED} allowed")
    click.echo(f"cut: {found.cut}; of these told why (408): {found.answered}")


if __name__ == "__main__":
    main()
