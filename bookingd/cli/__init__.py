"""The command line."""

import os
from collections.abc import Mapping
from importlib import import_module

import click

from bookingd import __version__

COMMANDS: Mapping[str, str] = {
    "bookings": "bookings",
    "check": "daemon",
    "doctor": "doctor",
    "keys": "keys",
    "mail": "mail",
    "migrate": "daemon",
    "openapi": "daemon",
    "outbox": "outbox",
    "resources": "catalogue",
    "serve": "daemon",
    "services": "catalogue",
    "setup": "setup",
}
"""The module of each command."""


class _Commands(click.Group):
    """Loads a command when it is asked for: `serve` need not wait for what others need.

    All of them where all are listed, or where what was typed may have meant any.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load(*COMMANDS)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._load(*([cmd_name] if cmd_name in COMMANDS else COMMANDS))
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Carry it out; where the system refuses, a full disk behind `>` too, say so."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when nobody reads on
        except OSError as error:
            from bookingd.cli.terminal import fail

            fail(os.EX_OSERR, str(error))

    def _load(self, *names: str) -> None:
        for name in names:
            self.add_command(getattr(import_module(f"bookingd.cli.{COMMANDS[name]}"), name))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bookingd")
def main() -> None:
    """Appointments for a small business: one daemon, no double booking, no lost mail.

    Everything is set by BOOKINGD_... variables; .env.example explains each.
    """
