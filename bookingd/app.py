"""The wiring: the one file that knows every part."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from secrets import token_urlsafe

from aiohttp import web

from bookingd import __version__, collector
from bookingd.alarms import Alarms
from bookingd.api import context, present
from bookingd.api.application import application
from bookingd.auth import Keyring
from bookingd.catalogue import Catalogue
from bookingd.clock import now
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.limiter import Limiter
from bookingd.links import Links
from bookingd.listener import Listener
from bookingd.measures import MeasuredCalls, MeasuredChannel, MeasuredDesk, Measures
from bookingd.notify import feed_watchdog, notify
from bookingd.vacancies import Vacancies
from bookingd.vitals import Vitals
from bookingd.webhooks import Webhooks
from schedules.actor import supervise
from schedules.channels import Channel
from schedules.channels.webhook import WebhookChannel
from schedules.dispatcher import Dispatcher
from schedules.housekeeping import erase_bookings, forget_keys, forget_messages, sweep_holds
from schedules.redate import redate
from schedules.reminders import reconcile
from schedules.render import Renderer
from schedules.scheduler import Scheduler
from schedules.webhooks import CallRenderer
from storage import open_storage
from storage.errors import StorageError
from storage.interface import Storage
from storage.writes import KeepSecret

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)
LOOK_AROUND_EVERY = timedelta(seconds=5)
REDATE_EVERY = timedelta(hours=1)
RECONCILE_EVERY = timedelta(hours=1)
TIDY_EVERY = timedelta(hours=1)
ERASE_EVERY = timedelta(days=1)
NOTE_EVERY = timedelta(minutes=1)
WATCH_EVERY = timedelta(seconds=10)

LAST_WORDS = 1.0
"""Seconds to write out the last answers, and which keys were used."""

IN_FLIGHT = 30.0
"""Seconds that requests in flight get when the daemon stops."""


async def serve(config: Config, ready: Callable[[], None] = lambda: None) -> None:
    """Run the daemon until SIGTERM or SIGINT, then stop it without losing anything.

    `ready` is called when it listens. Raises a `StorageError` when the database cannot be
    opened, `OSError` when the address cannot be listened on, and the fault of a part that
    does not stop failing.
    """
    told_to_stop = _signals()
    storage = await open_storage(config.database_url)
    try:
        await _serve(config, storage, ready, told_to_stop)
    finally:
        await storage.close()
    log.info("stopped")


async def _serve(
    config: Config, storage: Storage, ready: Callable[[], None], told_to_stop: asyncio.Event
) -> None:
    """Start what is needed from below to above; the stack stops it from above to below."""
    measures = Measures()
    links = Links(config.base_url, config.link_secret or await _kept_secret(storage))
    mails = renderer(config, links)
    dispatcher = _dispatcher(config, storage, measures, mails, busy=lambda: desk.waiting > 0)
    mailing = dispatcher.poke if dispatcher else lambda: None

    def poke() -> None:
        mailing()
        if webhooks.some:
            caller.poke()

    desk = MeasuredDesk(storage, poke, measures)
    webhooks = Webhooks(storage, now)
    caller = _caller(config, storage, webhooks, measures, busy=lambda: desk.waiting > 0)
    app = _application(config, storage, desk, links)
    app[context.WEBHOOKS] = webhooks
    scheduler = _scheduler(config, storage, poke, app)
    runner = web.AppRunner(app, shutdown_timeout=LAST_WORDS)
    app[context.MEASURES] = measures
    app[context.RECONCILE] = lambda: scheduler.run_now("remind")
    app[context.VITALS] = Vitals(storage, scheduler, now, lambda: _connections(runner))
    app[context.ALARMS] = Alarms(app[context.VITALS], measures, dispatcher, now)
    scheduler.every(WATCH_EVERY, "watch", app[context.ALARMS].look)
    async with AsyncExitStack() as stack:
        parts = [asyncio.create_task(supervise("desk", desk.run))]
        parts.append(asyncio.create_task(supervise("caller", caller.run)))
        if dispatcher:
            parts.append(asyncio.create_task(supervise("dispatcher", dispatcher.run)))
        stack.push_async_callback(_note_use, app[context.KEYRING])
        dispatchers = [dispatcher, caller] if dispatcher else [caller]
        stack.push_async_callback(_finish, desk, dispatchers, parts)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        if limiter := runner.app[context.LIMITER]:
            stack.push_async_callback(limiter.close)
        listener = Listener(runner, config.host, config.port)
        await listener.start()
        stack.callback(asyncio.create_task(feed_watchdog()).cancel)
        stack.callback(asyncio.create_task(measures.watch_the_loop()).cancel)
        _log_start(config)
        collector.spare()
        ready()
        notify("READY=1")
        await scheduler.start()
        stack.callback(scheduler.stop)
        # Loads what the first mail would wait for, and says which templates fail.
        stack.callback(asyncio.create_task(asyncio.to_thread(mails.complaints)).cancel)
        await _until(told_to_stop, parts)
        log.info("stopping")
        notify("STOPPING=1")
        await listener.stop()
        await app[context.DRAIN].wait(IN_FLIGHT)


async def _finish(
    desk: Desk, dispatchers: Sequence[Dispatcher], parts: list[asyncio.Task[None]]
) -> None:
    """No request is left: commit what waits, settle what is under way, give back the rest."""
    desk.close()
    await asyncio.gather(*(dispatcher.stop() for dispatcher in dispatchers))
    await asyncio.gather(*parts)


async def _note_use(keyring: Keyring) -> None:
    """What the job would have written down, if the database still answers."""
    with suppress(StorageError, TimeoutError):
        async with asyncio.timeout(LAST_WORDS):
            await keyring.note_use()


def _connections(runner: web.AppRunner) -> int:
    return len(runner.server.connections) if runner.server else 0


def _application(config: Config, storage: Storage, desk: Desk, links: Links) -> web.Application:
    app = application(config)
    app[context.CONFIG] = config
    app[context.STORAGE] = storage
    app[context.DESK] = desk
    app[context.LINKS] = links
    app[context.CATALOGUE] = Catalogue(storage)
    app[context.VACANCIES] = Vacancies(storage, config.time_zone)
    app[context.KEYRING] = Keyring(config, storage, now)
    app[context.LIMITER] = _limiter(config)
    app[context.CLOCK] = now
    app[context.STARTED] = time.monotonic()
    return app


def _limiter(config: Config) -> Limiter | None:
    return Limiter(config.rate_limit, config.rate_limit_url) if config.rate_limit else None


def _dispatcher(
    config: Config,
    storage: Storage,
    measures: Measures,
    mails: Renderer,
    busy: Callable[[], bool],
) -> Dispatcher | None:
    """The dispatcher, where there is a way out for mail."""
    channel = _channel(config)
    if channel is None:
        return None
    measured = MeasuredChannel(channel, measures, now)
    return Dispatcher(storage, measured, mails, now, busy=busy, pauses=config.retries)


async def _kept_secret(storage: Storage) -> str:
    """What links are signed with: made by the first daemon on a database, for all of them."""
    [outcome] = await storage.commit([KeepSecret("links", token_urlsafe())])
    if isinstance(outcome, StorageError):
        raise outcome
    return str(outcome)


def renderer(config: Config, links: Links) -> Renderer:
    """What makes the mails of this installation."""
    return Renderer(
        sender=config.mail_from,
        time_zone=config.time_zone,
        locale=config.locale,
        templates=config.templates_dir,
        alarms=config.calendar_alarms,
        link=links.to,
    )


def _caller(
    config: Config,
    storage: Storage,
    webhooks: Webhooks,
    measures: Measures,
    busy: Callable[[], bool],
) -> Dispatcher:
    """The dispatcher of webhook calls."""
    channel = WebhookChannel(webhooks, now, allow_private=config.webhook_allow_private)
    return Dispatcher(
        storage,
        MeasuredCalls(channel, measures),
        CallRenderer(present.call),
        now,
        busy=busy,
        pauses=config.retries,
        calls=True,
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


def _scheduler(
    config: Config, storage: Storage, poke: Callable[[], None], app: web.Application
) -> Scheduler:
    scheduler, keyring = Scheduler(now), app[context.KEYRING]

    async def drain() -> None:
        poke()

    async def look_around() -> None:
        if not app[context.WEBHOOKS].some:
            await app[context.WEBHOOKS].get()  # another daemon may have made the first

    async def remind() -> None:
        await reconcile(storage, config.promises, now)

    async def put_right() -> None:
        await redate(storage, now())

    async def tidy() -> None:
        await forget_keys(storage, now())
        await sweep_holds(storage, now())
        await forget_messages(storage, config.retention, now())

    async def erase() -> None:
        await erase_bookings(storage, config.retention, now())

    scheduler.every(LOOK_EVERY, "drain", drain)
    scheduler.every(LOOK_AROUND_EVERY, "webhooks", look_around)
    scheduler.every(REDATE_EVERY, "redate", put_right)
    scheduler.every(RECONCILE_EVERY, "remind", remind)
    scheduler.every(NOTE_EVERY, "keys", keyring.note_use)
    scheduler.every(TIDY_EVERY, "tidy", tidy)
    scheduler.every(ERASE_EVERY, "erase", erase)
    return scheduler


def _signals() -> asyncio.Event:
    """Set at SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    return told


async def _until(told_to_stop: asyncio.Event, parts: list[asyncio.Task[None]]) -> None:
    """Return when told to stop; raise the fault of a part that gave up."""
    waiting = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait([waiting, *parts], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for part in parts:
        if part.done():
            part.result()


def _log_start(config: Config) -> None:
    log.info(
        "listening",
        extra={
            "host": config.host,
            "port": config.port,
            "environment": str(config.environment),
            "version": __version__,
            "database": config.database_url.partition(":")[0],
        },
    )
    for warning in config.warnings:
        log.warning(warning)
