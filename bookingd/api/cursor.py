"""Cursors: where a page ended, opaque to clients and bound to the order they list in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from bookingd.api.errors import ApiError, Code
from bookingd.policy import EARLIEST_INSTANT, LATEST_INSTANT
from storage.ids import is_id
from storage.interface import Position, Sort
from storage.model import Booking


def after(booking: Booking, sort: Sort) -> str:
    """The cursor of the page behind this booking."""
    at: datetime = getattr(booking, sort.column)
    return urlsafe_b64encode(f"{sort} {at.isoformat()} {booking.id}".encode()).decode()


def position(cursor: str, sort: Sort) -> Position | None:
    """Where to go on; from the start for an empty one. Raises `ApiError`."""
    if not cursor:
        return None
    try:
        order, at, booking_id = urlsafe_b64decode(cursor).decode().split(" ")
        found = Position(datetime.fromisoformat(at), booking_id)
    except ValueError as error:
        raise _bad() from error
    if order != sort or not is_id(booking_id) or found.at.tzinfo is None:
        raise _bad()
    if not EARLIEST_INSTANT <= found.at < LATEST_INSTANT:
        raise _bad()
    return found


def _bad() -> ApiError:
    hint = "Must be nextCursor of a page in the same order."
    return ApiError(Code.VALIDATION_ERROR, errors={"cursor": hint})
