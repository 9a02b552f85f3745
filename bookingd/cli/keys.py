"""`bookingd keys`: make, list, revoke and roll API keys."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

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
from bookingd.origins import origin
from storage.interface import Storage
from storage.model import ApiKey, Scope
from storage.writes import SaveKey

LONGEST_NAME = 100
"""Characters of a key's name."""

GRACE = 24
"""Hours for which a rolled key still works, unless told otherwise."""


def _named(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise click.BadParameter(f"must be text of 1 to {LONGEST_NAME} characters")
    return name


def _origins(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """As browsers write them."""
    try:
        return tuple(map(origin, given))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group()
def keys() -> None:
    """API keys: made here, shown once, kept as digests.

    \b
    publishable  places bookings; may sit in a web page
    read-only    reads everything, customers' data included; changes nothing
    operator     sees health, jobs, what the outbox owes, and metrics; no customers' data
    calendar     is a part of the address of the bookings as a calendar; opens nothing else
    admin        everything
    """  # noqa: D301 - \b is click's word for lines that stay as they are


@keys.command()
@click.argument("name", callback=_named)
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.PUBLISHABLE.value,
    show_default=True,
    help="what the key may do; see: bookingd keys --help",
)
@click.option("--days", type=click.IntRange(1, 36500), help="expires after so many days")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    callback=_origins,
    help="the publishable key works only on pages of this origin; may be repeated",
)
@as_json_option
def create(
    name: str, scope: str, days: int | None, origins: tuple[str, ...], as_json: bool
) -> None:
    """Make a key called NAME and print it, once."""
    from bookingd.clock import now
    from bookingd.keys import new_key

    if origins and scope != Scope.PUBLISHABLE:
        raise click.UsageError("--origin is for publishable keys; the others belong on a server")
    made = now()
    expires_at = made + timedelta(days=days) if days else None
    secret, key = new_key(name, Scope(scope), made, expires_at, origins)
    with_storage(configuration(), lambda storage: commit(storage, SaveKey(key)), create=True)
    _show_once(secret, key, as_json)


@keys.command("list")
@as_json_option
def list_(as_json: bool) -> None:
    """List the keys, without their secrets.

    When a key was last used is noted once a minute.
    """
    found: list[ApiKey] = with_storage(configuration(), lambda storage: storage.keys())
    if as_json:
        print_json([_members(key) for key in found])
    else:
        print_table([_row(key) for key in found], folding={"name", "origins"}, if_none="no keys")


@keys.command()
@click.argument("key_id", metavar="ID")
@as_json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Make a key stop working, within a second.

    ID is the key's id, or how it begins, as the list shows it.
    """
    from bookingd.clock import now

    async def work(storage: Storage) -> ApiKey:
        key = await _found(storage, key_id)
        revoked = replace(key, revoked_at=key.revoked_at or now())
        await commit(storage, SaveKey(revoked))
        return revoked

    revoked = with_storage(configuration(), work)
    if as_json:
        print_json(_members(revoked))
    else:
        click.echo(f"{revoked.name} is revoked")


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--grace",
    type=click.IntRange(0, 8760),
    default=GRACE,
    show_default=True,
    metavar="HOURS",
    help="how long the old key still works",
)
@as_json_option
def roll(key_id: str, grace: int, as_json: bool) -> None:
    """Make a new key in the place of an old one.

    It is printed once, and has the name, scope, origins and lifetime of the old one, which works
    until the grace is over. ID is the old key's id, or how it begins, as the list shows it.
    """
    from bookingd.clock import now
    from bookingd.keys import rolled, works

    async def work(storage: Storage) -> tuple[str, ApiKey, ApiKey]:
        old, moment = await _found(storage, key_id), now()
        if not works(old, moment):
            fail(os.EX_DATAERR, f"{old.name} no longer works; see: bookingd keys create --help")
        secret, new, old = rolled(old, moment, timedelta(hours=grace))
        await commit(storage, SaveKey(new), SaveKey(old))
        return secret, new, old

    secret, new, old = with_storage(configuration(), work)
    _show_once(secret, new, as_json, replaces=old)


async def _found(storage: Storage, given: str) -> ApiKey:
    found = [key for key in await storage.keys() if given in {key.id, key.prefix}]
    if not found:
        fail(os.EX_DATAERR, f"there is no key {given}; see: bookingd keys list")
    return found[0]


def _show_once(secret: str, key: ApiKey, as_json: bool, replaces: ApiKey | None = None) -> None:
    if as_json:
        more = {"replaces": _members(replaces)} if replaces else {}
        print_json({**_members(key), "key": secret, **more})
        return
    click.echo(secret)
    click.echo("Keep it now: it is not shown again.", err=True)
    if key.scope is Scope.CALENDAR:
        address = f"{configuration().base_url}/api/calendar/{secret}.ics"
        click.echo(f"Subscribe to {address}", err=True)
    if replaces:
        click.echo(f"The old one works until {replaces.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)


def _members(key: ApiKey) -> dict[str, Any]:
    """A key in JSON."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope.value,
        "prefix": key.prefix,
        "origins": key.origins,
        "createdAt": _instant(key.created_at),
        "expiresAt": _instant(key.expires_at),
        "revokedAt": _instant(key.revoked_at),
        "lastUsedAt": _instant(key.last_used_at),
    }


def _row(key: ApiKey) -> dict[str, str]:
    """A key in a table."""
    return {
        "begins": key.prefix,
        "name": key.name,
        "scope": key.scope.value,
        "origins": " ".join(key.origins),
        "created": _day(key.created_at),
        "expires": _day(key.expires_at),
        "revoked": _day(key.revoked_at),
        "last used": _day(key.last_used_at),
    }


def _instant(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
