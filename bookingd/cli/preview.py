"""`bookingd mail preview`: see the mails before anybody gets them."""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bookingd.cli.terminal import configuration, fail
from bookingd.config import Config
from schedules.samples import TOLD
from storage.model import Due

if TYPE_CHECKING:
    from schedules.render import Renderer

EVERY = "all"

SUFFIXES = {"text/html": "html", "text/calendar": "ics"}


@click.command()
@click.argument("kind", type=click.Choice([*map(str, TOLD), EVERY]))
@click.option("--locale", help="a language tag such as de; else that of the house")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("preview"),
    show_default=True,
    help="where to write",
)
def preview(kind: str, locale: str | None, output: Path) -> None:
    """Write the mails of a made-up booking to files, as customer and administrator get them.

    Each as .eml, and what is in it as .html and .ics.
    """
    from schedules.samples import samples

    settings = configuration()
    settings = replace(settings, locale=locale or settings.locale)
    renderer = _renderer(settings)
    try:
        output.mkdir(parents=True, exist_ok=True)
        for due in samples(settings.locale):
            if kind in {due.message.kind, EVERY}:
                _write(renderer, due, output)
    except BrokenPipeError:
        raise  # whoever read the names has read enough
    except OSError as error:
        fail(os.EX_CANTCREAT, f"cannot write {error.filename or output}: {error.strerror}")
    for problem in problems(settings):
        click.echo(f"warning: {problem}", err=True)


def problems(settings: Config) -> list[str]:
    """What is wrong with the templates of this installation."""
    if settings.templates_dir is None and settings.locale == "en":
        return []
    found = _renderer(settings).complaints()
    return [f"{name}: {reason}; the built-in one stands in" for name, reason in found.items()]


def _renderer(settings: Config) -> "Renderer":
    from bookingd.links import Links
    from bookingd.outgoing import renderer

    logging.getLogger("schedules").addHandler(logging.NullHandler())  # `problems` tells it better
    return renderer(settings, Links(settings.base_url, "made up"))


def _write(renderer: "Renderer", due: Due, output: Path) -> None:
    content = renderer.mail(due).content
    name = f"{due.message.kind}.{due.message.audience}"
    files = {"eml": content} | _parts(content)
    for suffix, held in files.items():
        file = output / f"{name}.{suffix}"
        file.write_bytes(held)
        click.echo(file)


def _parts(content: bytes) -> dict[str, bytes]:
    """By suffix, the parts that other programs show."""
    from email import message_from_bytes

    return {
        SUFFIXES[kind]: bytes(part.get_payload(decode=True))
        for part in message_from_bytes(content).walk()
        if (kind := part.get_content_type()) in SUFFIXES
    }
