"""Measure the daemon and print how it does: `python -m benchmarks --help`."""

import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks.load import LoadFailedError
from benchmarks.plan import QUICK, Plan
from benchmarks.postgres import NotDurableError
from benchmarks.run import measure
from benchmarks.servers import ServerFailedError
from benchmarks.table import show


@click.command()
@click.option("--rounds", type=click.IntRange(1), help="Rounds for each figure.")
@click.option("--seconds", type=click.FloatRange(0.2), help="Seconds of a round.")
@click.option("--history", type=click.IntRange(2000), help="Bookings in the list.")
@click.option("--quick", is_flag=True, help="Only see whether everything runs.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all figures here.")
def main(
    rounds: int | None,
    seconds: float | None,
    history: int | None,
    quick: bool,
    file: Path | None,
) -> None:
    """Measure bookings, the list, the start and memory of the daemon, on both databases."""
    base = QUICK if quick else Plan()
    plan = replace(
        base,
        rounds=rounds or base.rounds,
        seconds=seconds or base.seconds,
        history=history or base.history,
    )
    console = Console(stderr=True)
    try:
        with tempfile.TemporaryDirectory(prefix="bench") as directory, console.status("") as status:
            results = measure(plan, Path(directory), status.update)
    except (ServerFailedError, LoadFailedError, NotDurableError) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    show(results)
    if file:
        aims = [asdict(target) for target in results.targets()]
        figures = {"plan": asdict(plan), **asdict(results), "targets": aims}
        file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
