"""`bookingd mail`: all about mails."""

import click

from bookingd.cli_preview import preview


@click.group()
def mail() -> None:
    """Mails: what they look like."""


mail.add_command(preview)
