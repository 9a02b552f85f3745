"""Services and resources on the command line: told by name, changed, shown."""

import os
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

import click

from bookingd.cli.terminal import commit, configuration, fail, print_json, with_storage
from storage.errors import StaleVersion
from storage.interface import Storage
from storage.model import Resource, Service

if TYPE_CHECKING:
    from marshmallow import Schema

    from bookingd.api.catalogue import Noun
    from bookingd.catalogue import Offer

Kept = Service | Resource


def named(one: str) -> Callable[..., Any]:
    """The argument by which a record is told: its name, or its id."""
    return click.argument("given", metavar=one.upper())


def noun(one: str) -> "Noun[Any]":
    """What the API knows of the noun."""
    from bookingd.api.catalogue import RESOURCES, SERVICES

    known: Noun[Any] = SERVICES if one == SERVICES.one else RESOURCES
    return known


async def read(storage: Storage) -> "Offer":
    """All services and resources."""
    from bookingd.catalogue import Catalogue

    return await Catalogue(storage).get()


def found(one: str, offer: "Offer", given: str) -> Any:
    """The record of this id or name, one in the archive only where there is no other.

    The command ends where there is none, or more than one.
    """
    kept = noun(one).among(offer).values()
    same = [record for record in kept if given in {record.id, record.name}]
    told = [record for record in same if record.archived_at is None] or same
    if not told:
        fail(os.EX_DATAERR, f"there is no {one} {given}; see: bookingd {one}s list")
    if len(told) > 1:
        ids = ", ".join(record.id for record in told)
        fail(os.EX_DATAERR, f"there are several called {given}; tell by the id which: {ids}")
    return told[0]


def changed(one: str, given: str, details_of: Callable[[Any], Mapping[str, Any]]) -> Any:
    """The record that is told by `given`, with these details, as it is kept now."""
    from bookingd.catalogue import edited
    from bookingd.clock import now

    async def work(storage: Storage) -> Any:
        while True:
            offer = await read(storage)
            before = found(one, offer, given)
            details = details_of(before)
            offer.check(details)
            after = edited(before, details, now())
            if after is before:
                return after
            try:
                await commit(storage, noun(one).save(after))
            except StaleVersion:
                continue
            return after

    return carry_out(work)


def carry_out(work: Callable[[Storage], Coroutine[Any, Any, Any]]) -> Any:
    """The outcome of a work that may name what cannot be booked."""
    from bookingd.catalogue import NotOffered

    try:
        return with_storage(configuration(), work)
    except NotOffered as error:
        fail(os.EX_DATAERR, f"{error.field}: {error}")


def loaded(schema: "Schema", given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, as the API would read it. The command ends where it would not."""
    from marshmallow import ValidationError

    from bookingd.api.parser import leaves

    try:
        details: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        told = [f"{'.'.join(path)}: {why}" for path, why in leaves(error.messages)]
        raise click.UsageError("\n".join(told)) from error
    return details


def show(record: Kept, as_json: bool) -> None:
    """All of a record, for people or for programs."""
    shown = members(record)
    if as_json:
        print_json(shown)
        return
    width = max(map(len, shown)) + 2
    for name, value in shown.items():
        click.echo(f"{name:{width}}{_shown(value)}".rstrip())


def members(record: Kept) -> dict[str, Any]:
    """A record in JSON."""
    from bookingd.api.present import in_full

    return in_full(record)


def _shown(value: Any) -> str:
    """A value for people; what is nested, as JSON."""
    import json

    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
