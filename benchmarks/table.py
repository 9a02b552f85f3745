"""The figures as a table for people."""

from rich.console import Console
from rich.table import Table

from benchmarks.bookings import Bookings
from benchmarks.pages import Page
from benchmarks.run import Results
from benchmarks.starts import Start

COLUMNS = ("clients", "per second", "p50 ms", "p99 ms", "ratio", "CPU", "load CPU", "mails/s", "MB")

WIDTH = 120
"""What the table needs, also where nobody tells how wide the terminal is."""

NOTE = """\
Medians of rounds in which all take turns; figures of two runs cannot be compared.
Ratio: bookings to aiohttp + validation, pages to the first page by cursor.
CPU: of the server and of the load, in cores; PostgreSQL's own is not counted."""


def show(results: Results) -> None:
    """Print all figures, then what was aimed at."""
    table = Table(caption=NOTE, caption_justify="left")
    table.add_column(no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for cells in (
        map(_booked, results.bookings),
        map(_listed, results.pages),
        map(_started, results.starts),
    ):
        for row in cells:
            table.add_row(*row)
        table.add_section()
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table)
    for target in results.targets():
        console.print(f"{'met' if target.met else 'not met':8}{target.aim}: {target.measured}")


def _booked(row: Bookings) -> tuple[str, ...]:
    return (
        f"bookings, {row.server}",
        str(row.clients),
        f"{row.rate:,.0f}",
        f"{row.p50:.2f}",
        f"{row.p99:.2f}",
        f"{row.ratio:.2f}",
        f"{row.server_cpu:.2f}",
        f"{row.load_cpu:.2f}",
        f"{row.mails:,.0f}" if row.mails else "",
        f"{row.resident:.0f}",
    )


def _listed(row: Page) -> tuple[str, ...]:
    return (
        f"{row.page}, {row.server}",
        "1",
        f"{row.rate:,.0f}",
        f"{row.p50:.2f}",
        f"{row.p99:.2f}",
        f"{row.ratio:.2f}",
    )


def _started(row: Start) -> tuple[str, ...]:
    return (
        f"start, {row.server}",
        "",
        "",
        f"{row.median * 1000:.0f}",
        *[""] * 5,
        f"{row.resident:.0f}",
    )
