"""`bookingd outbox`: what is owed, what could not be sent, and to send it again."""

import os
from datetime import datetime
from typing import Any

import click

from bookingd.cli.terminal import (
    as_json_option,
    configuration,
    fail,
    print_json,
    print_table,
    with_storage,
)
from storage.errors import NotFound, NotRetryable, StorageError
from storage.interface import MessageFilter, Storage
from storage.model import Message, MessageKind, MessageState
from storage.writes import Retry, RetryDead, Write

LIMIT = 50
"""Messages that are listed, unless told otherwise."""


@click.group()
def outbox() -> None:
    """Mails that are owed, were sent, or could not be.

    \b
    pending     to be sent, now or later
    leased      being sent
    sent        the relay has it
    dead        given up, with its reason; "bookingd outbox retry" sends it again
    superseded  a change of the booking made it void
    missed      its appointment had begun
    """  # noqa: D301 - \b is click's word for lines that stay as they are


@outbox.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in MessageState]),
    help="in this state; may be repeated",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in MessageKind]),
    help="of this kind; may be repeated",
)
@click.option("--booking", "booking_id", metavar="ID", help="of this booking")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=LIMIT,
    show_default=True,
    help="how many, from the newest on",
)
@as_json_option
def list_(
    states: tuple[str, ...],
    kinds: tuple[str, ...],
    booking_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List messages, the newest first."""
    which = MessageFilter(
        states=[MessageState(state) for state in states] or None,
        kinds=[MessageKind(kind) for kind in kinds] or None,
        booking_id=booking_id,
    )
    found: list[Message] = with_storage(
        configuration(), lambda storage: storage.outbox_page(which, limit=limit)
    )
    if as_json:
        print_json([_members(message) for message in found])
    else:
        folding = {"to", "error"}
        print_table([_row(message) for message in found], folding, if_none="no messages")


@outbox.command()
@click.argument("message_id", metavar="ID")
@as_json_option
def show(message_id: str, as_json: bool) -> None:
    """Show all of one message."""
    found = with_storage(configuration(), lambda storage: _found(storage, message_id))
    if as_json:
        print_json(_members(found))
    else:
        for name, value in _members(found).items():
            click.echo(f"{name:14} {'' if value is None else value}".rstrip())


@outbox.command()
@click.argument("message_id", metavar="[ID]", required=False)
@click.option("--all-dead", is_flag=True, help="all that are dead and still owed")
@as_json_option
def retry(message_id: str | None, all_dead: bool, as_json: bool) -> None:
    """Send a message again, at once and with all its attempts.

    One that is dead, or waits for its next attempt. A customer's goes to the address that the
    booking has by now, an administrator's to BOOKINGD_ADMIN_EMAIL: correct that before.
    """
    from bookingd.clock import now

    if (message_id is None) == (not all_dead):
        raise click.UsageError("name one message by its ID, or give --all-dead")
    settings = configuration()
    admin_email = settings.promises.admin_email
    if message_id is None:
        write = RetryDead(now(), admin_email)
        count = with_storage(settings, lambda storage: _done(storage, write))
        _tell(as_json, {"retried": count}, f"messages to be sent again: {count}")
    else:
        write_one = Retry(message_id, now(), admin_email)
        message: Message = with_storage(settings, lambda storage: _retried(storage, write_one))
        _tell(as_json, _members(message), f"it will be sent again, to {message.recipient}")


async def _retried(storage: Storage, write: Retry) -> Message:
    message = await _found(storage, write.message_id)
    try:
        await _done(storage, write)
    except NotRetryable as refusal:
        fail(os.EX_DATAERR, f"it is {message.state}. {refusal}")
    return await _found(storage, write.message_id)


async def _done(storage: Storage, write: Write[Any]) -> Any:
    [outcome] = await storage.commit([write])
    if isinstance(outcome, StorageError):
        raise outcome
    return outcome


async def _found(storage: Storage, message_id: str) -> Message:
    try:
        return await storage.message(message_id)
    except NotFound:
        fail(os.EX_DATAERR, f"there is no message {message_id}; see: bookingd outbox list")


def _tell(as_json: bool, members: dict[str, Any], words: str) -> None:
    if as_json:
        print_json(members)
    else:
        click.echo(words)


def _members(message: Message) -> dict[str, Any]:
    """A message in JSON, as the API has it."""
    from bookingd.api.present import message as present

    return {
        name: _instant(value) if isinstance(value, datetime) else value
        for name, value in present(message).items()
    }


def _row(message: Message) -> dict[str, str]:
    """A message in a table."""
    waits = message.state is MessageState.PENDING
    return {
        "id": message.id,
        "kind": message.kind,
        "to": message.recipient,
        "state": message.state,
        "due": _minute(message.due_at),
        "next try": _minute(message.next_attempt_at) if waits else "",
        "tries": str(message.attempts),
        "error": message.last_error or "",
    }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
