"""Records as the JSON that goes out."""

from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from bookingd.links import Links
from storage.model import Booking, Closure, Hold, Message, MessageState, Resource, Service, Webhook

_OPTIONS = orjson.OPT_UTC_Z


def camel_case(name: str) -> str:
    """The name of a field or a handler, as clients see it."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def booking(record: Booking, links: Links | None = None) -> dict[str, Any]:
    """A booking for those who may see it. Instants in UTC, duration in minutes.

    With `links` for those who may change it, too.
    """
    seen = {
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
    if links:
        seen["manageUrl"] = links.to(record) if record.live else None
    return seen


def hold(record: Hold) -> dict[str, Any]:
    """A hold, without its token."""
    return {
        "serviceId": record.service_id,
        "resourceId": record.resource_id,
        "startTime": record.start_time,
        "endTime": record.end_time,
        "duration": _minutes(record),
        "expiresAt": record.expires_at,
        "extended": record.extended,
    }


def service(record: Service, *, whole: bool) -> dict[str, Any]:
    """A service: what customers may see of it, or the `whole`. Durations in minutes."""
    seen = {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "durations": record.durations,
        "price": record.price,
        "colour": record.colour,
        "slotStep": record.slot_step,
        "minimumNotice": record.minimum_notice,
        "horizon": record.horizon,
        "capacity": record.capacity,
        "requiredFields": record.required_fields,
        "questions": record.questions,
        "changeNotice": record.change_notice,
        "needsConfirmation": record.needs_confirmation,
    }
    if not whole:
        return seen
    inside = {
        "dailyCap": record.daily_cap,
        "weeklyCap": record.weekly_cap,
        "bufferBefore": record.buffer_before,
        "bufferAfter": record.buffer_after,
        "reminders": record.reminders,
    }
    return seen | inside | _record(record)


def resource(record: Resource, *, whole: bool) -> dict[str, Any]:
    """A resource: what customers may see of it, or the `whole`."""
    seen = {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "timeZone": record.time_zone,
        "serviceIds": record.service_ids,
        "hours": record.hours,
        "holidays": record.holidays,
    }
    return seen | {"email": record.email} | _record(record) if whole else seen


def closure(record: Closure, *, whole: bool) -> dict[str, Any]:
    """A closure: what customers may see of it, or the `whole`."""
    seen = {
        "id": record.id,
        "first": record.first,
        "last": record.last,
        "hours": record.hours,
    }
    return seen | {"reason": record.reason} if whole else seen


def in_full(record: Service | Resource) -> dict[str, Any]:
    """All of a service or a resource, closures too, in plain values."""
    if isinstance(record, Service):
        return plain(service(record, whole=True))
    closures = [closure(one, whole=True) for one in record.closures]
    return plain(resource(record, whole=True) | {"closures": closures})


def plain(shown: dict[str, Any]) -> dict[str, Any]:
    """The same of values that any writer of JSON knows."""
    found: dict[str, Any] = orjson.loads(dumps(shown))
    return found


def message(record: Message) -> dict[str, Any]:
    """A message for those who may see whom it goes to."""
    pending = record.state is MessageState.PENDING
    return {
        "id": record.id,
        "bookingId": record.booking_id,
        "version": record.version,
        "kind": record.kind,
        "audience": record.audience,
        "recipient": record.recipient,
        "state": record.state,
        "createdAt": record.created_at,
        "dueAt": record.due_at,
        "nextAttemptAt": record.next_attempt_at if pending else None,
        "expiresAt": record.expires_at,
        "attempts": record.attempts,
        "lastError": record.last_error,
        "sentAt": record.sent_at,
    }


def webhook(record: Webhook) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": record.id,
        "url": record.url,
        "description": record.description,
        "events": record.events,
        "active": record.active,
        "whyOff": record.why_off,
        "oldSecretUntil": record.old_secret_until,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "version": record.version,
    }


def call(event: str, at: datetime, about: Booking | None) -> bytes:
    """What a webhook is told: an event, when it was, and the booking as it was then."""
    return dumps({"type": event, "timestamp": at, "data": booking(about) if about else {}})


def json(body: object, *, headers: dict[str, str] | None = None) -> web.Response:
    """A response with `body` as JSON."""
    return web.Response(
        body=dumps(body),
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def dumps(body: object) -> bytes:
    """JSON in UTF-8, instants in UTC."""
    return orjson.dumps(body, option=_OPTIONS)


def etag(record: Booking | Service | Resource | Webhook) -> str:
    """The entity tag of a record: its version (RFC 9110, section 8.8.3)."""
    return f'"{record.version}"'


def _record(record: Service | Resource) -> dict[str, Any]:
    return {
        "archived": record.archived_at is not None,
        "archivedAt": record.archived_at,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "version": record.version,
    }


def _minutes(record: Booking | Hold) -> int:
    return int((record.end_time - record.start_time).total_seconds()) // 60
