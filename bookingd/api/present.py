"""Records as the JSON that goes out."""

from typing import Any

import orjson
from aiohttp import web

from storage.model import Booking

_OPTIONS = orjson.OPT_UTC_Z


def booking(record: Booking) -> dict[str, Any]:
    """A booking for those who may see it. Instants in UTC, duration in minutes."""
    return {
        "id": record.id,
        "serviceId": record.service_id,
        "resourceId": record.resource_id,
        "name": record.name,
        "email": record.email,
        "company": record.company,
        "phone": record.phone,
        "inquiry": record.inquiry,
        "answers": record.answers,
        "timeZone": record.time_zone,
        "locale": record.locale,
        "timeSlot": {"startTime": record.start_time, "duration": _minutes(record)},
        "startTime": record.start_time,
        "endTime": record.end_time,
        "duration": _minutes(record),
        "status": record.status,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "confirmationSent": record.confirmation_sent,
        "reminderSent": record.reminder_sent,
        "version": record.version,
    }


def json(body: object, *, headers: dict[str, str] | None = None) -> web.Response:
    """A response with `body` as JSON."""
    return web.Response(
        body=orjson.dumps(body, option=_OPTIONS),
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def etag(record: Booking) -> str:
    """The entity tag of a booking: its version (RFC 9110, section 8.8.3)."""
    return f'"{record.version}"'


def _minutes(record: Booking) -> int:
    return int((record.end_time - record.start_time).total_seconds()) // 60
