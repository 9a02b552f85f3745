"""What leaves the house: mails, and calls of webhooks."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bookingd.api import present
from bookingd.config import Config
from bookingd.links import Links
from bookingd.measures import MeasuredCalls, MeasuredChannel, Measures
from bookingd.webhooks import Webhooks
from schedules.channels import Channel
from schedules.channels.webhook import WebhookChannel
from schedules.dispatcher import Dispatcher
from schedules.render import Renderer
from schedules.webhooks import CallRenderer
from storage.interface import Storage


class Outgoing:
    """The dispatcher of calls, and that of mails where there is a way out for them.

    Both hold back while `busy`.
    """

    def __init__(
        self,
        config: Config,
        storage: Storage,
        *,
        mails: Renderer,
        webhooks: Webhooks,
        measures: Measures,
        clock: Callable[[], datetime],
        busy: Callable[[], bool],
    ) -> None:
        self._webhooks = webhooks
        self.caller = Dispatcher(
            storage,
            MeasuredCalls(
                WebhookChannel(webhooks, clock, allow_private=config.webhook_allow_private),
                measures,
            ),
            CallRenderer(present.call),
            clock,
            busy=busy,
            pauses=config.retries,
            calls=True,
        )
        self.mailer = (
            Dispatcher(
                storage,
                MeasuredChannel(channel, measures, clock),
                mails,
                clock,
                busy=busy,
                pauses=config.retries,
            )
            if (channel := _channel(config))
            else None
        )

    @property
    def dispatchers(self) -> Mapping[str, Dispatcher]:
        """Those that there are, by name."""
        mailer = {"dispatcher": self.mailer} if self.mailer else {}
        return {"caller": self.caller, **mailer}

    def poke(self) -> None:
        """Something may be due."""
        if self.mailer:
            self.mailer.poke()
        if self._webhooks.some:
            self.caller.poke()


def renderer(config: Config, links: Links) -> Renderer:
    """What makes the mails of this installation."""
    return Renderer(
        sender=config.mail_from,
        name=config.mail_name,
        time_zone=config.time_zone,
        locale=config.locale,
        templates=config.templates_dir,
        alarms=config.calendar_alarms,
        link=links.to,
    )


def _channel(config: Config) -> Channel | None:
    """The relay; at a desk without one, files; else none, and mails wait."""
    if config.relay:
        from schedules.channels.email import EmailChannel

        return EmailChannel(config.relay)
    if config.development:
        from schedules.channels.files import FileChannel

        return FileChannel(config.mail_dir)
    return None
