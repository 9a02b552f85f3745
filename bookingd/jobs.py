"""What the daemon does on its own, and how often."""

from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from bookingd.api import context
from schedules.housekeeping import erase_bookings, forget_keys, forget_messages, sweep_holds
from schedules.redate import redate
from schedules.reminders import reconcile
from schedules.scheduler import Scheduler

LOOK_EVERY = timedelta(seconds=1)
LOOK_AROUND_EVERY = timedelta(seconds=5)
WATCH_EVERY = timedelta(seconds=10)
NOTE_EVERY = timedelta(minutes=1)
REDATE_EVERY = timedelta(hours=1)
RECONCILE_EVERY = timedelta(hours=1)
TIDY_EVERY = timedelta(hours=1)
ERASE_EVERY = timedelta(days=1)

REMIND = "remind"
"""The job that gives reminders to bookings that have none."""


def plan(scheduler: Scheduler, app: web.Application, poke: Callable[[], None]) -> None:
    """All jobs of the daemon; `poke` has what is due sent."""
    config, storage, clock = app[context.CONFIG], app[context.STORAGE], app[context.CLOCK]
    webhooks = app[context.WEBHOOKS]

    async def drain() -> None:
        poke()

    async def look_around() -> None:
        if not webhooks.some:
            await webhooks.get()  # another daemon may have made the first

    async def put_right() -> None:
        await redate(storage, clock())

    async def remind() -> None:
        await reconcile(storage, config.promises, clock)

    async def tidy() -> None:
        await forget_keys(storage, clock())
        await sweep_holds(storage, clock())
        await forget_messages(storage, config.retention, clock())

    async def erase() -> None:
        await erase_bookings(storage, config.retention, clock())

    scheduler.every(LOOK_EVERY, "drain", drain)
    scheduler.every(LOOK_AROUND_EVERY, "webhooks", look_around)
    scheduler.every(REDATE_EVERY, "redate", put_right)
    scheduler.every(RECONCILE_EVERY, REMIND, remind)
    scheduler.every(NOTE_EVERY, "keys", app[context.KEYRING].note_use)
    scheduler.every(TIDY_EVERY, "tidy", tidy)
    scheduler.every(ERASE_EVERY, "erase", erase)
    scheduler.every(WATCH_EVERY, "watch", app[context.ALARMS].look)
