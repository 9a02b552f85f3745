"""Bookings to be posted: a row of slots from the day after tomorrow on."""

from datetime import UTC, datetime, timedelta
from typing import Any

ADMIN = "owner@example.org"
CUSTOMER = "customer@example.org"
FIRST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=3)


def slot(number: float, minutes: int = 30) -> dict[str, Any]:
    """The slot with this number; two whole numbers never overlap."""
    start = FIRST + timedelta(minutes=30 * number)
    return {"startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "duration": minutes}


def booking(number: int = 0, **fields: Any) -> dict[str, Any]:
    """The body of a booking in the slot with this number."""
    return {
        "name": "Test Customer",
        "email": CUSTOMER,
        "company": "Example",
        "timeSlot": slot(number),
        **fields,
    }
