"""The reconcile job: every live booking has exactly the reminders it is owed."""

import logging
from collections.abc import Callable
from datetime import datetime

from schedules.messages import Promises, reminders_owed
from storage.errors import StorageError
from storage.interface import BookingFilter, Storage
from storage.model import LIVE, Booking, Message, MessageState
from storage.pages import pages
from storage.writes import Owe, Supersede

log = logging.getLogger(__name__)

PAGE = 500


async def reconcile(storage: Storage, promises: Promises, clock: Callable[[], datetime]) -> int:
    """Add the reminders that are missing, supersede those no longer owed; answer how many.

    Right after a change of configuration or of a service, an import or a restart; with nothing to
    mend it writes nothing.
    """
    now = clock()
    mended = 0
    async for page in pages(storage, BookingFilter(statuses=LIVE, date_from=now), size=PAGE):
        mended += await _reconcile_page(storage, promises, page, now)
    if mended:
        log.info("reminders reconciled", extra={"mended": mended})
    return mended


async def _reconcile_page(
    storage: Storage, promises: Promises, page: list[Booking], now: datetime
) -> int:
    services = {service.id: service for service in await storage.services()}
    there = await storage.messages([booking.id for booking in page])
    standing = {_moment(message): message for message in there if _stands(message)}
    wanted = {
        _moment(message): message
        for booking in page
        for message in reminders_owed(promises.of(services[booking.service_id]), booking, now)
    }
    missing = [wanted[moment] for moment in wanted.keys() - standing.keys()]
    surplus = [
        standing[moment].id
        for moment in standing.keys() - wanted.keys()
        if standing[moment].state is MessageState.PENDING and standing[moment].due_at > now
    ]
    if not missing and not surplus:
        return 0
    mended = 0
    for outcome in await storage.commit([Owe(missing), Supersede(surplus)]):
        if isinstance(outcome, StorageError):
            raise outcome
        mended += outcome
    return mended


def _moment(message: Message) -> tuple[str | None, datetime]:
    return message.booking_id, message.due_at


def _stands(message: Message) -> bool:
    return message.reminds and message.state is not MessageState.SUPERSEDED
