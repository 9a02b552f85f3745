"""The wiring: the one file that knows every part."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from importlib import import_module
from secrets import token_urlsafe
from typing import Any

from aiohttp import web

from bookingd import __version__, collector, jobs
from bookingd.alarms import Alarms
from bookingd.api import context
from bookingd.api.application import application
from bookingd.auth import Keyring
from bookingd.catalogue import Catalogue
from bookingd.clock import now
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.limiter import Limiter
from bookingd.links import Links
from bookingd.listener import Listener
from bookingd.measures import MeasuredDesk, Measures
from bookingd.notify import feed_watchdog, notify
from bookingd.outgoing import Outgoing, renderer
from bookingd.vacancies import Vacancies
from bookingd.vitals import Vitals
from bookingd.webhooks import Webhooks
from schedules.actor import Actor, supervise
from schedules.render import Renderer
from schedules.scheduler import Scheduler
from storage import open_storage
from storage.errors import StorageError
from storage.interface import Storage
from storage.writes import KeepSecret

log = logging.getLogger(__name__)

LAST_WORDS = 1.0
"""Seconds to write out the last answers, and which keys were used."""

IN_FLIGHT = 30.0
"""Seconds that requests in flight get when the daemon stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What works together until the daemon stops."""

    app: web.Application
    runner: web.AppRunner
    desk: Desk
    outgoing: Outgoing
    scheduler: Scheduler
    measures: Measures
    mails: Renderer


async def serve(config: Config, ready: Callable[[], None] = lambda: None) -> None:
    """Run the daemon until SIGTERM or SIGINT, then stop it without losing anything.

    `ready` is called when it listens. Raises a `StorageError` when the database cannot be
    opened, `OSError` when the address cannot be listened on, and the fault of a part that
    does not stop failing.
    """
    told_to_stop = _signals()
    storage = await open_storage(config.database_url)
    try:
        links = Links(config.base_url, config.link_secret or await _kept_secret(storage))
        await _serve(_wired(config, storage, links), config, ready, told_to_stop)
    finally:
        await storage.close()
    log.info("stopped")


async def _serve(
    parts: Parts, config: Config, ready: Callable[[], None], told_to_stop: asyncio.Event
) -> None:
    """Start what is needed from below to above; the stack stops it from above to below."""
    async with AsyncExitStack() as stack:
        working = _working(parts)
        stack.push_async_callback(_note_use, parts.app[context.KEYRING])
        stack.push_async_callback(_finish, parts, working)
        await parts.runner.setup()
        stack.push_async_callback(parts.runner.cleanup)
        if limiter := parts.app[context.LIMITER]:
            stack.push_async_callback(limiter.close)
        listener = Listener(parts.runner, config.host, config.port)
        await listener.start()
        stack.callback(asyncio.create_task(feed_watchdog()).cancel)
        stack.callback(asyncio.create_task(parts.measures.watch_the_loop()).cancel)
        _log_start(config)
        collector.spare()
        ready()
        notify("READY=1")
        await parts.scheduler.start()
        stack.callback(parts.scheduler.stop)
        stack.callback(asyncio.create_task(asyncio.to_thread(_warm_up, parts.mails)).cancel)
        await _until(told_to_stop, working)
        log.info("stopping")
        notify("STOPPING=1")
        await listener.stop()
        await parts.app[context.DRAIN].wait(IN_FLIGHT)


def _wired(config: Config, storage: Storage, links: Links) -> Parts:
    """Everything, each with what it works with."""
    app, scheduler = _application(config, storage, links), Scheduler(now)
    measures, mails = app[context.MEASURES], renderer(config, links)
    outgoing = Outgoing(
        config,
        storage,
        mails=mails,
        webhooks=app[context.WEBHOOKS],
        measures=measures,
        clock=now,
        busy=lambda: desk.waiting > 0,
    )
    desk = MeasuredDesk(storage, outgoing.poke, measures)
    runner = web.AppRunner(app, shutdown_timeout=LAST_WORDS)
    vitals = Vitals(storage, scheduler, now, lambda: _connections(runner))
    app[context.DESK] = desk
    app[context.VITALS] = vitals
    app[context.ALARMS] = Alarms(vitals, measures, outgoing.mailer, now)
    app[context.RECONCILE] = lambda: scheduler.run_now(jobs.REMIND)
    jobs.plan(scheduler, app, outgoing.poke)
    return Parts(
        app=app,
        runner=runner,
        desk=desk,
        outgoing=outgoing,
        scheduler=scheduler,
        measures=measures,
        mails=mails,
    )


def _application(config: Config, storage: Storage, links: Links) -> web.Application:
    app = application(config)
    app[context.CONFIG] = config
    app[context.STORAGE] = storage
    app[context.LINKS] = links
    app[context.CATALOGUE] = Catalogue(storage)
    app[context.VACANCIES] = Vacancies(storage, config.time_zone)
    app[context.WEBHOOKS] = Webhooks(storage, now)
    app[context.KEYRING] = Keyring(config, storage, now)
    app[context.LIMITER] = _limiter(config)
    app[context.MEASURES] = Measures()
    app[context.CLOCK] = now
    app[context.STARTED] = time.monotonic()
    return app


def _limiter(config: Config) -> Limiter | None:
    return Limiter(config.rate_limit, config.rate_limit_url) if config.rate_limit else None


def _connections(runner: web.AppRunner) -> int:
    return len(runner.server.connections) if runner.server else 0


async def _kept_secret(storage: Storage) -> str:
    """What links are signed with: made by the first daemon on a database, for all of them."""
    [outcome] = await storage.commit([KeepSecret("links", token_urlsafe())])
    if isinstance(outcome, StorageError):
        raise outcome
    return str(outcome)


def _signals() -> asyncio.Event:
    """Set at SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    return told


def _working(parts: Parts) -> list[asyncio.Task[None]]:
    """The desk and the dispatchers, begun."""
    actors: Mapping[str, Actor[Any]] = {"desk": parts.desk, **parts.outgoing.dispatchers}
    return [asyncio.create_task(supervise(name, actor.run)) for name, actor in actors.items()]


async def _until(told_to_stop: asyncio.Event, working: list[asyncio.Task[None]]) -> None:
    """Return when told to stop; raise the fault of a part that gave up."""
    waiting = asyncio.create_task(told_to_stop.wait())
    await asyncio.wait([waiting, *working], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for part in working:
        if part.done():
            part.result()


def _warm_up(mails: Renderer) -> None:
    """Load what the first booking and the first mail would wait for; say which templates fail."""
    import_module("email_validator")
    mails.complaints()


async def _finish(parts: Parts, working: list[asyncio.Task[None]]) -> None:
    """No request is left: commit what waits, settle what is under way, give back the rest."""
    parts.desk.close()
    dispatchers = parts.outgoing.dispatchers.values()
    await asyncio.gather(*(dispatcher.stop() for dispatcher in dispatchers))
    await asyncio.gather(*working)


async def _note_use(keyring: Keyring) -> None:
    """What the job would have written down, if the database still answers."""
    with suppress(StorageError, TimeoutError):
        async with asyncio.timeout(LAST_WORDS):
            await keyring.note_use()


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
