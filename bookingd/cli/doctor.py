"""`bookingd doctor`: what somebody should look at."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bookingd.cli.terminal import (
    as_json_option,
    configuration,
    print_json,
    print_table,
    with_storage,
)
from storage.interface import Storage

if TYPE_CHECKING:
    from bookingd.doctor import Finding

FOUND = 1
"""The exit code when there is something to look at."""


@click.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Look for what is odd in what is kept; nothing is changed.

    \b
    WALL_TIME_MOVED           a booking to come, whose time by the clock is another than was
                              agreed on, because a zone's rules have changed
    RESOURCE_ALWAYS_OPEN      a resource without hours
    RESOURCE_WITHOUT_SERVICE  a resource that offers nothing that can be booked
    ZONE_UNKNOWN              a resource in a zone that is not known any more
    HOLIDAYS_UNKNOWN          a resource with holidays that are not known any more
    SERVICE_NOT_OFFERED       a service that no resource offers
    SERVICE_NEVER_OPEN        a service that hours, notice and horizon never leave room for
    MAIL_OVERDUE, MAIL_DEAD   mails and calls that should have left, or could not be sent

    The exit code is 1 when something was found, and 0 when nothing was.
    """  # noqa: D301 - \\b is click's word for lines that stay as they are
    settings = configuration()
    found = with_storage(settings, lambda storage: _found(storage, settings.time_zone))
    if as_json:
        print_json([asdict(finding) for finding in found])
    elif found:
        print_table([_row(finding) for finding in found], folding={"what"}, if_none="")
    else:
        click.echo("nothing to look at")
    sys.exit(FOUND if found else 0)


async def _found(storage: Storage, house: str) -> list["Finding"]:
    from bookingd.catalogue import Catalogue
    from bookingd.clock import now
    from bookingd.doctor import examine

    offer = await Catalogue(storage).get()
    return [finding async for finding in examine(storage, offer, house, now())]


def _row(finding: "Finding") -> dict[str, str]:
    """A finding in a table."""
    return {"code": finding.code, "about": finding.about or "", "what": finding.message}
