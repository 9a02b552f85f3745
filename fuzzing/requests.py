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
    """What opens the daemon, and a booking that is there."""

    admin: str
    public: str
    booking: str = ""


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
    """List a good request of each kind."""
    admin = [("Authorization", f"Bearer {keys.admin}")]
    writing = [*admin, JSON]
    one = f"/api/bookings/{keys.booking}"
    search = "?status=PENDING,CONFIRMED&dateFrom=2026-01-01T00:00:00Z&sort=-createdAt&limit=2"
    return [
        place(keys, number),
        place(keys, number),
        Request("POST", "/api/bookings", writing).with_json(booking(number)),
        Request("GET", f"/api/bookings{search}", admin),
        Request("GET", "/api/bookings?cursor=&limit=1&email=a@b.example&q=Ada", admin),
        Request("GET", one, [*admin, ("Accept", "application/problem+json")]),
        Request("PUT", one, [*writing, ("If-Match", "*")]).with_json({"company": "Other"}),
        Request("PUT", one, writing).with_json({"timeSlot": booking(number)["timeSlot"]}),
        Request("PATCH", one, writing).with_json({"status": "CONFIRMED", "reason": "because"}),
        Request("DELETE", f"/api/bookings/{number}", admin),
        Request("GET", "/api/health", [("X-Request-Id", "fuzz-1")]),
        Request("GET", "/api/health/db"),
        Request("OPTIONS", "/api/bookings", [("Origin", "https://www.example.com")]),
    ]
