"""Good requests, as bytes: what is broken afterwards, and what normal clients send."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import slots

JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Request:
    """A request in parts, so that each can be broken on its own."""

    method: str
    path: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    version: str = "HTTP/1.1"

    def bytes(self) -> bytes:
        """Write it out, with the right length."""
        headers = [("Host", "127.0.0.1"), *self.headers]
        if self.body:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.path} {self.version}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body

    def with_json(self, document: Any) -> "Request":
        """Put another body into it."""
        return replace(self, body=json.dumps(document).encode())


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the daemon, and the ids of what is there to be changed."""

    admin: str
    public: str
    booking: str = ""
    token: str = ""
    service: str = ""
    resource: str = ""
    webhook: str = ""

    @property
    def reading(self) -> list[tuple[str, str]]:
        """What an administrator sends with a request."""
        return [("Authorization", f"Bearer {self.admin}")]

    @property
    def writing(self) -> list[tuple[str, str]]:
        """What goes with a body."""
        return [*self.reading, JSON]


OFFERED = {
    "serviceId": "00000000-0000-7000-8000-000000000001",
    "resourceId": "00000000-0000-7000-8000-000000000002",
}
"""What a fresh database has."""

UNKNOWN = "00000000-0000-7000-8000-00000000ffff"
SERVICE = {"name": "Haircut", "durations": [30, 45], "price": "25 EUR", "dailyCap": 9}
RESOURCE = {"name": "Room 2", "timeZone": "Europe/Lisbon", "email": "room@example.com"}
WEBHOOK = {"url": "https://hooks.example.com/bookings", "active": False}
HOURS = {"hours": {"monday": ["09:00-12:30", "14:00-18:00"]}}
CLOSURE = {"first": "2027-12-24", "last": "2027-12-31", "reason": "Between the years"}


def booking(number: int) -> dict[str, Any]:
    """Describe a booking with all its fields, in a slot of its own."""
    return {
        "name": "Ada O'Brien <b>&",
        "email": f"customer-{number}@example.com",
        "company": "Example Ltd",
        "phone": "+44 20 7946 0958",
        "inquiry": "Two lines,\nif you please.",
        "answers": {"Allergies?": "None"},
        "timeZone": "Europe/Lisbon",
        "locale": "pt-PT",
        **OFFERED,
        "timeSlot": {
            "startTime": slots.start(number).isoformat(),
            "duration": slots.MINUTES,
        },
    }


def place(keys: Keys, number: int) -> Request:
    """Place a booking."""
    headers = [("Authorization", f"Bearer {keys.public}"), JSON]
    return Request("POST", "/api/bookings", headers).with_json(booking(number))


def every(keys: Keys, number: int) -> list[Request]:
    """List a good request of each kind; about half are of bookings."""
    return [*_of_bookings(keys, number), *_of_the_rest(keys)]


def _of_bookings(keys: Keys, number: int) -> list[Request]:
    one, reading, writing = f"/api/bookings/{keys.booking}", keys.reading, keys.writing
    hold = {"timeSlot": booking(number)["timeSlot"], **OFFERED}
    day = f"{slots.start(number):%Y-%m-%d}"
    what = f"duration=30&serviceId={OFFERED['serviceId']}"
    search = "?status=PENDING,CONFIRMED&dateFrom=2026-01-01T00:00:00Z&sort=-createdAt&limit=2"
    return [
        *[place(keys, number)] * 4,
        *[Request("POST", "/api/bookings", writing).with_json(booking(number))] * 2,
        Request("GET", f"/api/bookings{search}", reading),
        Request("GET", "/api/bookings?cursor=&limit=1&email=a@b.example&q=Ada", reading),
        Request("GET", one, [*reading, ("Accept", "application/problem+json")]),
        Request("GET", f"{one}/events", reading),
        Request("PUT", one, [*writing, ("If-Match", "*")]).with_json({"company": "Other"}),
        Request("PUT", one, writing).with_json({"timeSlot": booking(number)["timeSlot"]}),
        Request("PATCH", one, writing).with_json({"status": "CONFIRMED", "reason": "because"}),
        Request("DELETE", f"/api/bookings/{UNKNOWN}", reading),
        Request("OPTIONS", "/api/bookings", [("Origin", "https://www.example.com")]),
        Request("GET", f"/api/manage/{keys.token}"),
        Request("GET", f"/api/slots?from={day}&to={day}&timeZone=Asia/Tokyo&{what}"),
        Request("GET", f"/api/slots/explain?startTime={day}T10:00:00Z&{what}", reading),
        Request("POST", "/api/holds", writing).with_json(hold),
        Request("DELETE", f"/api/holds/{'A' * 43}", reading),
    ]


def _of_the_rest(keys: Keys) -> list[Request]:
    service, resource = f"/api/services/{keys.service}", f"/api/resources/{keys.resource}"
    webhook, reading, writing = f"/api/webhooks/{keys.webhook}", keys.reading, keys.writing
    return [
        Request("GET", "/api/services?archived=true", reading),
        Request("PATCH", service, writing).with_json(SERVICE),
        Request("PATCH", resource, writing).with_json(RESOURCE),
        Request("PUT", f"{resource}/hours", writing).with_json(HOURS),
        Request("POST", f"{resource}/closures", writing).with_json(CLOSURE),
        Request("PATCH", webhook, writing).with_json(WEBHOOK),
        Request("POST", f"{webhook}/test", reading),
        Request("GET", f"{webhook}/deliveries?state=dead&limit=2", reading),
        Request("GET", f"/api/outbox?state=pending&bookingId={keys.booking}&limit=2", reading),
        Request("POST", "/api/outbox/retry", reading),
        Request("GET", f"/api/calendar/bk_cal_{'0' * 49}.ics"),
        Request("GET", "/api/health", [("X-Request-Id", "fuzz-1")]),
        Request("GET", "/api/health/db"),
        Request("GET", "/api/health/jobs", reading),
        Request("GET", "/metrics", reading),
    ]
