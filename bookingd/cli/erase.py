"""`bookingd bookings erase`: nothing more is known of a customer."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from bookingd.cli.terminal import (
    booking_row,
    commit,
    configuration,
    fail,
    print_table,
    with_storage,
)
from storage.errors import StaleVersion
from storage.interface import BookingFilter, Storage
from storage.model import Booking, BookingStatus, Service
from storage.pages import pages
from storage.writes import Change, Erase

ACTOR = "command line"
"""Who has erased a booking, as its history says."""

PAGE = 200


@click.command()
@click.option(
    "--email", "address", required=True, help="of the customer: of now, of before, of any mail"
)
@click.option("--cancel", is_flag=True, help="first cancel what is still to come; no mail leaves")
@click.option("--yes", is_flag=True, help="do not ask")
def erase(address: str, cancel: bool, yes: bool) -> None:
    """Erase a customer from all bookings, for good.

    Name, address, company, phone, inquiry, answers, language and zone go, from the bookings and
    from their history, and all their mails. Times, status, service and resource stay. Nothing in
    mailboxes, backups and exported files is reached.
    """
    from bookingd.clock import now

    settings = configuration()
    found: list[Booking] = with_storage(settings, lambda storage: _theirs(storage, address))
    if not found:
        click.echo("no booking has this address, or had it")
        return
    zone, at = ZoneInfo(settings.time_zone), now()
    ahead = [booking for booking in found if booking.live and booking.end_time > at]
    print_table(
        [booking_row(one, zone) for one in found], folding={"name", "email"}, if_none="none"
    )
    if ahead and not cancel:
        fail(os.EX_DATAERR, f"{len(ahead)} still to come: --cancel cancels them; nothing is erased")
    if not yes:
        click.confirm(f"Erase who the customer was of these {len(found)}?", abort=True, err=True)
    erased, left = with_storage(settings, lambda storage: _erased(storage, found, ahead, at))
    click.echo(f"{erased} erased, {len(ahead)} of them cancelled before")
    if left:
        fail(os.EX_TEMPFAIL, f"{left} changed meanwhile and stay: again")


async def _theirs(storage: Storage, address: str) -> list[Booking]:
    which = BookingFilter(person=address)
    return [booking async for page in pages(storage, which, size=PAGE) for booking in page]


async def _erased(
    storage: Storage, found: Sequence[Booking], ahead: Sequence[Booking], at: datetime
) -> tuple[int, int]:
    """How many were, and how many were not."""
    try:
        services = {service.id: service for service in await storage.services()}
        await commit(storage, *(_cancelled(one, services[one.service_id], at) for one in ahead))
    except StaleVersion:
        fail(os.EX_TEMPFAIL, "a booking was changed meanwhile; nothing is erased: again")
    done = 0
    for first in range(0, len(found), PAGE):
        batch = [booking.id for booking in found[first : first + PAGE]]
        [outcome] = await commit(storage, Erase(batch, at, ACTOR))
        done += outcome
    return done, len(found) - done


def _cancelled(booking: Booking, service: Service, at: datetime) -> Change:
    """The cancellation, of which nobody is told: there would be no address to tell it to."""
    from bookingd.changes import Moment, step
    from schedules.messages import Promises

    moment = Moment(ACTOR, at, Promises(None, ()))
    change = step(booking, BookingStatus.CANCELLED, None, service, moment)
    if change is None:
        raise TypeError(f"{booking.id} is cancelled already")
    return replace(change, messages=())
