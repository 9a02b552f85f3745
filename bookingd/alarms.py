"""What somebody should look at, or tonight's reminders may not go out."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bookingd.measures import Measures
from bookingd.vitals import Vitals
from schedules.scheduler import Job
from storage.errors import StorageError
from storage.interface import OVERDUE
from storage.model import Outbox

log = logging.getLogger(__name__)

STUCK = timedelta(minutes=1)
"""So long after a message was due a mailer that works has handed something over."""


class Mailer(Protocol):
    """The way out for mail."""

    @property
    def fault(self) -> str | None:
        """Why no mail can leave at the moment; None when it can."""


class AlarmCode(StrEnum):
    """What kind of alarm, for programs; a code never changes."""

    NO_RELAY = "NO_RELAY"
    RELAY_UNUSABLE = "RELAY_UNUSABLE"
    MAIL_STUCK = "MAIL_STUCK"
    MAIL_LATE = "MAIL_LATE"
    MAIL_DEAD = "MAIL_DEAD"
    JOB_FAILED = "JOB_FAILED"
    DATABASE_GONE = "DATABASE_GONE"
    NOT_WRITTEN = "NOT_WRITTEN"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reason to look; the message is for people."""

    code: AlarmCode
    message: str


class Alarms:
    """What is wrong: asked for now, or as a job last saw it, which asks nothing of the database."""

    def __init__(
        self,
        vitals: Vitals,
        measures: Measures,
        mailer: Mailer | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.seen: Sequence[Alarm] = ()
        self._vitals = vitals
        self._measures = measures
        self._mailer = mailer
        self._clock = clock

    async def look(self) -> None:
        """The job. The log is told of what is new, and of what is over, once."""
        try:
            found = await self.now()
        except StorageError as error:
            found = [Alarm(AlarmCode.DATABASE_GONE, f"the database is out of reach: {error}")]
        before, after = [{alarm.code for alarm in some} for some in (self.seen, found)]
        for alarm in found:
            if alarm.code not in before:
                log.warning(alarm.message, extra={"alarm": alarm.code})
        for code in sorted(before - after):
            log.info("no longer", extra={"alarm": code})
        self.seen = found

    async def now(self) -> list[Alarm]:
        """What is wrong now. Raises `Unavailable`."""
        outbox = await self._vitals.outbox.get()
        return [
            *self._of_writes(),
            *self._of_mail(outbox),
            *_of_messages(outbox),
            *_of_jobs(self._vitals.jobs),
        ]

    def _of_writes(self) -> Iterator[Alarm]:
        if self._measures.unwritten is not None:
            yield Alarm(
                AlarmCode.NOT_WRITTEN,
                f"the last booking or change was refused: {self._measures.unwritten}",
            )

    def _of_mail(self, outbox: Outbox) -> Iterator[Alarm]:
        if self._mailer is None:
            if outbox.pending:
                yield Alarm(
                    AlarmCode.NO_RELAY, "mails wait, for there is no relay: set BOOKINGD_SMTP_HOST"
                )
        elif self._mailer.fault is not None:
            yield Alarm(
                AlarmCode.RELAY_UNUSABLE, f"mails wait for their relay: {self._mailer.fault}"
            )
        elif self._stuck(outbox.oldest_due_at):
            yield Alarm(AlarmCode.MAIL_STUCK, "mails are due, and none has left since")

    def _stuck(self, due: datetime | None) -> bool:
        if due is None or self._clock() - due < STUCK:
            return False
        return self._measures.mailed_at is None or self._measures.mailed_at < due


def _of_messages(outbox: Outbox) -> Iterator[Alarm]:
    if outbox.overdue:
        late = f"messages over {OVERDUE // timedelta(minutes=1)} minutes late: {outbox.overdue}"
        yield Alarm(AlarmCode.MAIL_LATE, late)
    if outbox.dead:
        hint = "see: bookingd outbox list --state dead"
        yield Alarm(AlarmCode.MAIL_DEAD, f"messages that are given up: {outbox.dead}; {hint}")


def _of_jobs(jobs: Sequence[Job]) -> Iterator[Alarm]:
    failed = [job.name for job in jobs if job.last_error]
    if failed:
        yield Alarm(AlarmCode.JOB_FAILED, f"jobs that failed: {', '.join(failed)}")
