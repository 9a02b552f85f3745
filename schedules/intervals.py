"""APScheduler set up so that it keeps going when the wall clock steps."""

from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger


class Every(BaseTrigger):  # type: ignore[misc]
    """Fires `interval` after the last time, reckoned from now.

    APScheduler's own interval trigger reckons from the last planned time: it stalls when the
    clock steps back, and lists every missed run when it steps forward.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """At once the first time, then `interval` from now."""
        return now if previous is None else now + self.interval


def scheduler() -> AsyncIOScheduler:
    """One that runs what is late once, however late it is, and nothing twice at once."""
    return AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
