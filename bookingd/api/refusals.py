"""Slots that cannot be had, and those that can instead."""

from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web

from bookingd.api.context import VACANCIES
from bookingd.api.errors import ApiError, Code, code_of
from bookingd.availability.rules import Refused
from bookingd.availability.wanted import Wanted
from bookingd.changes import Slot
from storage.errors import CapReached, SlotTaken
from storage.model import Booking

REFUSED = (Refused, CapReached, SlotTaken)
"""Whatever may be said of a slot that is well-formed and cannot be had."""

CODES = (
    Code.SLOT_TAKEN,
    Code.OUTSIDE_HOURS,
    Code.TOO_SOON,
    Code.TOO_FAR,
    Code.CAP_REACHED,
)


async def refused(
    request: web.Request,
    error: Exception,
    wants: Sequence[Wanted],
    slot: Slot,
    leaving: Booking | None = None,
) -> ApiError:
    """The refusal, with the next three slots that would not be one."""
    starts = await request.app[VACANCIES].next(wants, slot.start, leaving)
    minutes = slot.length // timedelta(minutes=1)
    free = [{"startTime": start, "duration": minutes} for start in starts]
    return ApiError(code_of(type(error)), str(error), more={"nextAvailable": free})
