"""`bookingd resources hours`, `closures`, `close` and `open`: when a resource is open."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from bookingd.cli.records import changed, found, loaded, named, read
from bookingd.cli.terminal import (
    as_json_option,
    configuration,
    fail,
    print_json,
    print_table,
    with_storage,
)
from storage.interface import BookingFilter
from storage.model import LIVE, WEEKDAYS, Closure, Resource

CLOSED = "closed"


@click.command()
@named("resource")
@click.argument("days", nargs=-1, metavar="[DAY=HOURS]...")
@click.option("--always", is_flag=True, help="open at all hours")
@as_json_option
def hours(given: str, days: tuple[str, ...], always: bool, as_json: bool) -> None:
    """Show the hours of a resource, or set those of some days.

    For example monday=09:00-12:30,14:00-18:00 friday=18:00-02:00 sunday=closed. They are by the
    clock of the resource; what ends before it begins ends on the next day. Days that are not
    named stay as they are. RESOURCE is its name or its id.
    """
    if always and days:
        raise click.UsageError("either --always, or hours of days")
    if always or days:
        resource = changed("resource", given, lambda one: _hours(one, days))
    else:
        resource = found("resource", with_storage(configuration(), read), given)
    if as_json:
        print_json({"hours": resource.hours})
    elif resource.hours is None:
        click.echo("always open")
    else:
        for weekday in WEEKDAYS:
            click.echo(f"{weekday:11}{', '.join(resource.hours.get(weekday, ())) or CLOSED}")


def _hours(resource: Resource, days: tuple[str, ...]) -> dict[str, Any]:
    """The hours of the week with those of these days, or none for always."""
    from bookingd.api.schemas.catalogue import EditedHours

    if not days:
        return {"hours": None}
    week: dict[str, Any] = {day: list(kept) for day, kept in (resource.hours or {}).items()}
    for pair in days:
        day, is_one, text = pair.partition("=")
        if not is_one:
            raise click.UsageError(f"{pair!r} is not like monday=09:00-12:30,14:00-18:00")
        week[day] = [] if text == CLOSED else [one.strip() for one in text.split(",")]
    return loaded(EditedHours(), {"hours": week})


@click.command()
@named("resource")
@as_json_option
def closures(given: str, as_json: bool) -> None:
    """List the closures of a resource, by their days."""
    resource = found("resource", with_storage(configuration(), read), given)
    in_order = sorted(resource.closures, key=lambda one: (one.first, one.last))
    if as_json:
        print_json([_members(one) for one in in_order])
    else:
        print_table([_row(one) for one in in_order], folding={"reason"}, if_none="no closures")


@click.command()
@named("resource")
@click.argument("first")
@click.argument("last", required=False)
@click.option("--hours", "open_at", help="open at these instead, such as 10:00-14:00")
@click.option("--reason", help="for yourself; customers do not see it")
@as_json_option
def close(
    *,
    given: str,
    first: str,
    last: str | None,
    open_at: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Close a resource from FIRST to LAST, both included, or for one day.

    With --hours it is open then, but otherwise than in its week. Days are such as 2027-12-24. What
    is booked stays booked. RESOURCE is its name or its id.
    """
    from bookingd.api.schemas.catalogue import NewClosure
    from bookingd.catalogue import closed
    from bookingd.clock import now

    said = {"first": first, "last": last, "reason": reason}
    details: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if open_at is not None:
        details["hours"] = [one.strip() for one in open_at.split(",")]
    closure = loaded(NewClosure(), details)
    resource = changed("resource", given, lambda one: {"closures": closed(one, closure, now())})
    made = resource.closures[-1]
    which = _in(made, resource)
    count = with_storage(configuration(), lambda storage: storage.count_bookings(which))
    if as_json:
        print_json(_members(made) | {"bookings": count})
        return
    click.echo(f"{resource.name} is {_said(made)} {_days(made)}")
    if count:
        click.echo(f"{count} live bookings begin on these days, and stay. See:")
        click.echo(
            f"bookingd bookings list --resource-id {resource.id} --status PENDING,CONFIRMED "
            f"--date-from {_instant(which.date_from)} --date-to {_instant(which.date_to)}"
        )


@click.command("open")
@named("resource")
@click.argument("closure")
@as_json_option
def open_(given: str, closure: str, as_json: bool) -> None:
    """Take a closure back.

    CLOSURE is its id, or its first day where that tells it.
    """
    gone: list[Closure] = []

    def left(resource: Resource) -> Mapping[str, Any]:
        told = [one for one in resource.closures if closure in {one.id, one.first.isoformat()}]
        if len(told) != 1:
            count = "are several" if told else "is none"
            see = f"see: bookingd resources closures {given}"
            fail(os.EX_DATAERR, f"of the closures there {count} {closure}; {see}")
        gone[:] = told
        return {"closures": tuple(one for one in resource.closures if one is not told[0])}

    resource = changed("resource", given, left)
    if as_json:
        print_json(_members(gone[0]))
    else:
        click.echo(f"{resource.name} keeps the hours of the week {_days(gone[0])}")


def _in(closure: Closure, resource: Resource) -> BookingFilter:
    """The live bookings that begin on the days of a closure."""
    zone = ZoneInfo(resource.time_zone or configuration().time_zone)
    return BookingFilter(
        statuses=LIVE,
        resource_id=resource.id,
        date_from=datetime.combine(closure.first, time(), zone).astimezone(UTC),
        date_to=datetime.combine(closure.last + timedelta(days=1), time(), zone).astimezone(UTC),
    )


def _members(closure: Closure) -> dict[str, Any]:
    from bookingd.api import present

    return present.plain(present.closure(closure, whole=True))


def _row(closure: Closure) -> dict[str, str]:
    """A closure in a table."""
    return {
        "id": closure.id,
        "first": closure.first.isoformat(),
        "last": closure.last.isoformat(),
        "hours": ", ".join(closure.hours) or CLOSED,
        "reason": closure.reason or "",
    }


def _said(closure: Closure) -> str:
    return f"open {', '.join(closure.hours)}" if closure.hours else CLOSED


def _instant(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _days(closure: Closure) -> str:
    if closure.first == closure.last:
        return f"on {closure.first}"
    return f"from {closure.first} to {closure.last}"
