"""`bookingd serve`, and what is asked before it: `check`, `migrate`, `openapi`."""

import os

import click

from bookingd.cli.terminal import configuration, fail, run, with_storage
from storage.interface import Health


@click.command()
def serve() -> None:
    """Run the daemon until SIGTERM or SIGINT."""
    from bookingd.collector import here_to_stay

    with here_to_stay():
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


@click.command()
def check() -> None:
    """Say whether configuration, database and templates of mails are in order."""
    from bookingd.cli.preview import problems

    settings = configuration()
    for warning in [*settings.warnings, *problems(settings)]:
        click.echo(f"warning: {warning}")
    click.echo("configuration: in order")
    found: Health = with_storage(settings, lambda storage: storage.health())
    click.echo(f"database: {found.backend}, answers in {found.latency * 1000:.1f} ms")


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date, as `serve` does at its start."""
    from storage import open_storage

    settings = configuration()

    async def bring() -> None:
        storage = await open_storage(settings.database_url)
        await storage.close()

    run(bring)
    click.echo("the schema is up to date")


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API, as GET /api/docs answers it."""
    import json

    from bookingd.api.application import application
    from bookingd.api.docs.openapi import document

    click.echo(json.dumps(document(application(configuration())), indent=2))
