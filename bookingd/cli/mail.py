"""`bookingd mail`: see the mails, and try the way that they take."""

import os
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, localtime, make_msgid

import click

from bookingd.cli.preview import preview
from bookingd.cli.terminal import configuration, fail, run
from bookingd.config import Config
from schedules.channels import (
    Deferred,
    DeliveryError,
    Mail,
    Rejected,
    Relay,
    Uncertain,
    Unreachable,
)

_TOLD: dict[type[DeliveryError], tuple[int, str]] = {
    Unreachable: (os.EX_UNAVAILABLE, "The relay cannot be used, so every mail waits."),
    Deferred: (os.EX_TEMPFAIL, "The relay refused this mail for now; bookingd would try again."),
    Rejected: (os.EX_DATAERR, "The relay refused this mail for good."),
    Uncertain: (os.EX_TEMPFAIL, "The connection was lost at the end: it may have been taken."),
}
"""What each kind of failure means, and the exit code for it."""


@click.group()
def mail() -> None:
    """Mails: what they look like, and whether they leave."""


mail.add_command(preview)


def _address(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    from bookingd.api.schemas.email_address import is_address

    if not is_address(given):
        raise click.BadParameter("must be an e-mail address")
    return given


@mail.command()
@click.argument("address", callback=_address)
def test(address: str) -> None:
    """Send one mail to ADDRESS right now, by the configured relay, and say what happened."""
    settings = configuration()
    if settings.relay is None:
        fail(os.EX_CONFIG, "there is no relay: set BOOKINGD_SMTP_HOST")
    relay, message = settings.relay, _test_mail(settings, address)
    click.echo(f"relay: {relay.host}:{relay.port}, {_way(relay)}")
    try:
        run(lambda: _send(relay, message))
    except DeliveryError as error:
        code, meaning = _TOLD[type(error)]
        fail(code, f"{meaning}\n{error}")
    click.echo(f"The relay has taken it: <{message.message_id}>")


async def _send(relay: Relay, message: Mail) -> None:
    from schedules.channels.email import EmailChannel

    channel = EmailChannel(relay)
    try:
        await channel.send(message)
    finally:
        await channel.close()


def _test_mail(settings: Config, address: str) -> Mail:
    message = EmailMessage()
    message["From"] = formataddr((settings.mail_name, settings.mail_from))
    message["To"] = address
    message["Subject"] = "bookingd can send mail"
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("This mail was sent by 'bookingd mail test'. Nobody has booked anything.\n")
    return Mail(
        message_id=message["Message-ID"].strip("<>"),
        sender=settings.mail_from,
        recipient=address,
        content=message.as_bytes(policy=SMTP),
    )


def _way(relay: Relay) -> str:
    tls = {"none": "not encrypted", "starttls": "STARTTLS", "tls": "TLS"}[relay.tls]
    return f"{tls}, {f'as {relay.username}' if relay.username else 'without a login'}"
