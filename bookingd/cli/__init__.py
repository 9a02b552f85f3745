"""The command line."""

import os

import click

from bookingd import __version__
from bookingd.cli.bookings import bookings
from bookingd.cli.catalogue import group
from bookingd.cli.doctor import doctor
from bookingd.cli.erase import erase
from bookingd.cli.hours import close, closures, hours, open_
from bookingd.cli.keys import keys
from bookingd.cli.mail import mail
from bookingd.cli.outbox import outbox
from bookingd.cli.preview import problems
from bookingd.cli.setup import setup
from bookingd.cli.terminal import configuration, fail, run, with_storage
from storage.interface import Health


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bookingd")
def main() -> None:
    """Appointments for a small business: one daemon, no double booking, no lost mail.

    Everything is set by BOOKINGD_... variables; .env.example explains each.
    """


@main.command()
def serve() -> None:
    """Run the daemon until SIGTERM or SIGINT."""
    from bookingd import app, greeting, logs
    from bookingd.clock import now
    from bookingd.keys import with_development_keys

    settings = configuration()
    if settings.development:
        try:
            settings = with_development_keys(settings)
        except OSError as error:
            fail(os.EX_CANTCREAT, f"cannot keep the keys in .env: {error.strerror}")
    try:
        logs.configure(settings)
    except OSError as error:
        fail(os.EX_CONFIG, f"cannot write {settings.log_file}: {error.strerror}")
    run(lambda: app.serve(settings, lambda: greeting.greet(settings, now())))


@main.command()
def check() -> None:
    """Say whether configuration, database and templates of mails are in order."""
    settings = configuration()
    for warning in [*settings.warnings, *problems(settings)]:
        click.echo(f"warning: {warning}")
    click.echo("configuration: in order")
    found: Health = with_storage(settings, lambda storage: storage.health())
    click.echo(f"database: {found.backend}, answers in {found.latency * 1000:.1f} ms")


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date, as `serve` does at its start."""
    from storage import open_storage

    settings = configuration()

    async def bring() -> None:
        storage = await open_storage(settings.database_url)
        await storage.close()

    run(bring)
    click.echo("the schema is up to date")


@main.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API, as GET /api/docs answers it."""
    import json

    from bookingd.api.application import application
    from bookingd.api.openapi import document

    click.echo(json.dumps(document(application(configuration())), indent=2))


bookings.add_command(erase)
main.add_command(bookings)
main.add_command(doctor)
main.add_command(keys)
main.add_command(mail)
main.add_command(outbox)
main.add_command(setup)
main.add_command(group("service", "What can be booked."))
resources = group("resource", "Who or what is booked, and when.")
for command in (hours, closures, close, open_):
    resources.add_command(command)
main.add_command(resources)
