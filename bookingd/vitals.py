"""How the daemon does: for health, readiness and metrics."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bookingd.fresh import Fresh
from schedules.scheduler import Job, Scheduler
from storage.interface import Health, Storage
from storage.model import Outbox


class Vitals:
    """What can be asked of storage and jobs; storage is asked once a second at the most.

    `connections` are those that clients hold open.
    """

    def __init__(
        self,
        storage: Storage,
        scheduler: Scheduler,
        clock: Callable[[], datetime],
        connections: Callable[[], int],
    ) -> None:
        self.database: Fresh[Health] = Fresh(storage.health)
        self.outbox: Fresh[Outbox] = Fresh(lambda: storage.outbox(clock()))
        self.connections = connections
        self._scheduler = scheduler

    @property
    def jobs(self) -> Sequence[Job]:
        """What each job last did."""
        return self._scheduler.jobs
