"""The redate job: what a clock that ran ahead has left behind is put right."""

import logging
from datetime import datetime

from storage.errors import StorageError
from storage.interface import Storage
from storage.writes import Redate

log = logging.getLogger(__name__)


async def redate(storage: Storage, now: datetime) -> int:
    """Have nothing wait for a time that the clock has only shown by mistake; answer how many.

    After a step of the clock, and at the start, before which one may have been. Raises
    `StorageError`.
    """
    [outcome] = await storage.commit([Redate(now)])
    if isinstance(outcome, StorageError):
        raise outcome
    if outcome:
        log.warning("the clock was set back; messages redated", extra={"count": outcome})
    count: int = outcome
    return count
