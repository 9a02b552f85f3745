"""`bookingd services` and `bookingd resources`: the same commands, made for each of the two."""

from typing import TYPE_CHECKING, Any

import click

from bookingd.cli.hours import close, closures, hours, open_
from bookingd.cli.records import (
    Kept,
    carry_out,
    changed,
    found,
    loaded,
    members,
    named,
    noun,
    read,
    show,
)
from bookingd.cli.terminal import (
    as_json_option,
    commit,
    configuration,
    print_json,
    print_table,
    with_storage,
)
from storage.interface import Storage
from storage.model import Service

if TYPE_CHECKING:
    from bookingd.catalogue import Offer


def group(one: str, text: str) -> click.Group:
    """The commands that both have; `one` is the noun in the singular."""
    made = click.Group(f"{one}s", help=text)
    for command in (_list(one), _show(one), _add(one), _change(one), _archive(one), _restore(one)):
        made.add_command(command)
    return made


def _list(one: str) -> click.Command:
    @click.command("list", help=f"List the {one}s, oldest first.")
    @click.option("--archived", is_flag=True, help="those in the archive, too")
    @as_json_option
    def command(archived: bool, as_json: bool) -> None:
        offer = with_storage(configuration(), read)
        kept = noun(one).among(offer).values()
        found = [record for record in kept if archived or record.archived_at is None]
        if as_json:
            print_json([members(record) for record in found])
        else:
            rows = [_row(record, offer) for record in found]
            print_table(rows, folding={"name", "services", "price"}, if_none=f"no {one}s")

    return command


def _show(one: str) -> click.Command:
    @click.command("show", help=f"Show all of one {one}, told by its name or its id.")
    @named(one)
    @as_json_option
    def command(given: str, as_json: bool) -> None:
        show(found(one, with_storage(configuration(), read), given), as_json)

    return command


def _add(one: str) -> click.Command:
    @click.command(
        "add",
        help=f"Make a new {one} called NAME.\n\n{_FIELDS}",
        short_help=f"Make a new {one}.",
    )
    @click.argument("name")
    @click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
    @as_json_option
    def command(name: str, fields: tuple[str, ...], as_json: bool) -> None:
        from bookingd.catalogue import created
        from bookingd.clock import now

        kind = noun(one)
        details = loaded(kind.new, {"name": name, **_given(kind.new, fields)})

        async def work(storage: Storage) -> Kept:
            (await read(storage)).check(details)
            record: Kept = created(kind.kind, details, now())
            await commit(storage, kind.save(record))
            return record

        show(carry_out(work), as_json)

    return command


def _change(one: str) -> click.Command:
    @click.command(
        "change",
        help=f"Change a {one}, told by its name or its id.\n\n{_FIELDS}",
        short_help=f"Change a {one}.",
    )
    @named(one)
    @click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
    @as_json_option
    def command(given: str, fields: tuple[str, ...], as_json: bool) -> None:
        schema = noun(one).edited
        details = loaded(schema, _given(schema, fields))
        show(changed(one, given, lambda _: details), as_json)

    return command


def _archive(one: str) -> click.Command:
    text = f"Put a {one} into the archive.\n\nIt takes no new bookings, and keeps its old ones."

    @click.command("archive", help=text)
    @named(one)
    @as_json_option
    def command(given: str, as_json: bool) -> None:
        show(changed(one, given, lambda _: {"archived": True}), as_json)

    return command


def _restore(one: str) -> click.Command:
    @click.command("restore", help=f"Bring a {one} back from the archive.")
    @named(one)
    @as_json_option
    def command(given: str, as_json: bool) -> None:
        show(changed(one, given, lambda _: {"archived": False}), as_json)

    return command


_FIELDS = """FIELD is a name that the API has, such as durations=30,60 or bufferAfter=10; VALUE is
JSON, or plain text, or a list parted by commas; null takes a value away."""


def _given(schema: Any, pairs: tuple[str, ...]) -> dict[str, Any]:
    """`durations=30,60` as `{"durations": [30, 60]}`."""
    fields = {field.data_key or name: field for name, field in schema.fields.items()}
    found = {}
    for pair in pairs:
        name, is_one, text = pair.partition("=")
        if not is_one:
            raise click.UsageError(f"{pair!r} is not like FIELD=VALUE")
        found[name] = _value(fields.get(name), text)
    return found


def _value(field: Any, text: str) -> Any:
    from marshmallow import fields

    if text == "null":
        return None
    if isinstance(field, fields.String):
        return text
    value = _json(text)
    is_list = isinstance(field, fields.List) and not isinstance(value, list)
    return [_json(part.strip()) for part in text.split(",") if part.strip()] if is_list else value


def _json(text: str) -> Any:
    """What it says, or else the text itself."""
    from bookingd.api.errors import ApiError
    from bookingd.api.parser import parse_json

    try:
        return parse_json(text.encode())
    except (ApiError, UnicodeEncodeError):
        return text


def _row(record: Kept, offer: "Offer") -> dict[str, str]:
    """A record in a table."""
    kept = {"id": record.id, "name": record.name}
    archived = {"archived": f"{record.archived_at:%Y-%m-%d}" if record.archived_at else ""}
    if isinstance(record, Service):
        minutes = ", ".join(map(str, record.durations)) or "any"
        return kept | {"minutes": minutes, "price": record.price or ""} | archived
    names = [offer.services[one].name for one in record.service_ids]
    return (
        kept
        | {"zone": record.time_zone or "", "services": ", ".join(names) or "all"}
        | {"hours": "always" if record.hours is None else "by the week"}
        | archived
    )


services = group("service", "What can be booked.")
resources = group("resource", "Who or what is booked, and when.")
for _command in (hours, closures, close, open_):
    resources.add_command(_command)
