"""The records that are kept. Instants are aware datetimes in UTC; ids are UUIDv7 in text form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class BookingStatus(StrEnum):
    """Where a booking stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    NO_SHOW = "NO_SHOW"


LIVE = frozenset({BookingStatus.PENDING, BookingStatus.CONFIRMED})
"""A live booking occupies its resource; the others leave it free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One appointment of one customer.

    `start_time` and `end_time` bound the half-open slot; `occupied_start` and `occupied_end` the
    slot widened by the service's buffers. `wall_time` is the start by the resource's clock, as it
    was agreed on (RFC 9557, such as `2027-03-01T10:00:00+01:00[Europe/Berlin]`). `version` counts
    every change (the ETag); `sequence` counts moves and the cancellation, as SEQUENCE of RFC 5545,
    section 3.8.7.4, wants it.
    """

    id: str
    service_id: str
    resource_id: str
    name: str
    email: str
    company: str | None
    phone: str | None
    inquiry: str | None
    answers: Mapping[str, str]
    time_zone: str | None
    locale: str | None
    start_time: datetime
    end_time: datetime
    occupied_start: datetime
    occupied_end: datetime
    status: BookingStatus
    sequence: int
    version: int
    created_at: datetime
    updated_at: datetime
    wall_time: str | None = None
    confirmation_sent: bool = False
    reminder_sent: bool = False

    @property
    def live(self) -> bool:
        """Whether the booking occupies its resource."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A slot that is kept, until `expires_at`, for somebody who fills in a form.

    It takes a seat as a booking does. It is known by the SHA-256 of its token, in hexadecimal; the
    token itself is kept nowhere. It can be extended once. `address_digest` tells whose it is by
    where it came from, as far as these are counted.
    """

    token_digest: str
    service_id: str
    resource_id: str
    start_time: datetime
    end_time: datetime
    occupied_start: datetime
    occupied_end: datetime
    created_at: datetime
    expires_at: datetime
    address_digest: str | None = None
    extended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `limit` live bookings and holds of a service with a resource begin in a period.

    The period is `[start, end)`.
    """

    service_id: str
    resource_id: str
    start: datetime
    end: datetime
    limit: int


class EventKind(StrEnum):
    """What happened to a booking."""

    PLACED = "placed"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a booking's history: what brought it to `version`, and it as it stood then.

    `actor` is the name of the key that did it. `detail` holds, for each field that changed, what
    it was and what it became. `service` and `resource` are what the two were called then, for the
    mails that tell of it; None where that would tell nobody anything.
    """

    booking_id: str
    version: int
    at: datetime
    kind: EventKind
    actor: str
    booking: Booking
    detail: Mapping[str, object] = field(default_factory=dict)
    service: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A client's name for one request (draft-ietf-httpapi-idempotency-key-header).

    `caller` is whose name it is; by `fingerprint` another request under the same name is told.
    """

    caller: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey(IdempotencyKey):
    """The same, kept with the booking that the request has placed."""

    booking_id: str
    created_at: datetime


class MessageKind(StrEnum):
    """What a message tells; with the audience it names the template.

    The last four are for webhooks alone: they are told of every event by its own name.
    """

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    PLACED = "placed"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    TEST = "test"


class Audience(StrEnum):
    """Whom a message is written for: people read mails, a webhook is called."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    WEBHOOK = "webhook"


class MessageState(StrEnum):
    """Where a message stands. Only `pending` and `leased` can still become something else."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    DEAD = "dead"
    SUPERSEDED = "superseded"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail or webhook call owed to somebody: a row of the outbox.

    `recipient` is an address, or the id of a webhook. It tells of the booking at `version`, so
    that every attempt says the same; a test call tells of none. `due_at` is the
    moment owed and never changes; `next_attempt_at` is when it is tried next; from `expires_at` on
    (a reminder: the start of the appointment) it is of no use and becomes `missed`. `attempts`
    counts claims, `leased_by` is the number of the daemon that sends it now.
    """

    id: str
    booking_id: str | None
    version: int | None
    kind: MessageKind
    audience: Audience
    recipient: str
    state: MessageState
    created_at: datetime
    due_at: datetime
    next_attempt_at: datetime
    expires_at: datetime | None = None
    attempts: int = 0
    leased_by: int | None = None
    last_error: str | None = None
    sent_at: datetime | None = None

    @property
    def confirms(self) -> bool:
        """Whether its arrival is what the customer knows the booking by."""
        welcome = self.kind in {MessageKind.RECEIVED, MessageKind.CONFIRMED}
        return welcome and self.audience is Audience.CUSTOMER

    @property
    def reminds(self) -> bool:
        """Whether it is a reminder."""
        return self.kind is MessageKind.REMINDER


@dataclass(frozen=True, slots=True)
class Due:
    """A message to be sent now, and the booking that it is about; a test call is about none.

    `service` and `resource` are their names, as the event has them that the message tells of, and
    `detail` is the event's.
    """

    message: Message
    about: Booking | None
    service: str | None = None
    resource: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def booking(self) -> Booking:
        """The booking. Raises `ValueError` where there is none."""
        if self.about is None:
            raise ValueError("a test call tells of no booking")
        return self.about


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """How many messages have not left, by state, and of those to leave how many were due already.

    `oldest_due_at` is the earliest moment of these; `reminders_soon` are due within `SOON`.
    """

    pending: int
    leased: int
    dead: int
    missed: int
    due: int
    overdue: int
    oldest_due_at: datetime | None
    reminders_soon: int


class ContactField(StrEnum):
    """What of the contact data a service may require. The address always is."""

    NAME = "name"
    EMAIL = "email"
    COMPANY = "company"
    PHONE = "phone"


class QuestionType(StrEnum):
    """What an answer may be. All are kept as text."""

    TEXT = "text"
    LINES = "lines"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a service asks of who books it; the answer is found in `answers` under `label`.

    `choices` are those of a choice.
    """

    label: str
    type: QuestionType = QuestionType.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What can be booked.

    `durations` are the lengths that it comes in, in minutes; none means any. The buffers, in
    minutes, widen a slot to its occupied range. `price` is text, `colour` is `#rrggbb`.
    `reminders` are the minutes before the start at which customers are reminded; None means as the
    house does. `version` counts every change (the ETag). Once archived it takes no new bookings.

    What the public may book begins every `slot_step` minutes from each opening on (None: the
    shortest duration, or a quarter of an hour), `minimum_notice` minutes from now at the earliest
    and, if there is a `horizon`, that many days from now at the latest. `daily_cap` and
    `weekly_cap` bound the live bookings with one resource on one of its days, or in one of its
    weeks, which begin on Monday. Up to `capacity` bookings with the same resource, start and end
    share a session. `required_fields` of the contact data, None meaning those of the house, and
    `questions` are asked of who books. Customers may move and cancel until `change_notice` minutes
    before the start.
    """

    id: str
    name: str
    description: str | None = None
    durations: tuple[int, ...] = ()
    price: str | None = None
    colour: str | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    slot_step: int | None = None
    minimum_notice: int = 0
    horizon: int | None = None
    daily_cap: int | None = None
    weekly_cap: int | None = None
    capacity: int = 1
    required_fields: tuple[str, ...] | None = None
    questions: tuple[Question, ...] = ()
    change_notice: int = 0
    needs_confirmation: bool = False
    reminders: tuple[int, ...] | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""As `datetime.weekday` counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which a resource does not keep its weekly hours: `first` to `last`, both included.

    It is open at `hours` instead, which are written as those of a week's day; none means closed.
    """

    id: str
    first: date
    last: date
    hours: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Who or what is booked. Without a zone of its own it lives in the house's.

    `service_ids` are the services that it offers; none means all. `hours` are when it is open, in
    wall time of its zone: for each of `WEEKDAYS` any number of intervals such as `09:00-12:30`; one
    that ends before or when it begins, or at `24:00`, reaches into the next day, or to its
    beginning. A day that is not named is closed; None means open at all hours. `closures` go before
    the weekly hours, and so do the public `holidays` of a country or a part of it (ISO 3166, such
    as `DE` or `DE-BY`), on which it is closed; a closure goes before a holiday. `version` counts
    every change (the ETag). Once archived it takes no new bookings.
    """

    id: str
    name: str
    description: str | None = None
    email: str | None = None
    time_zone: str | None = None
    service_ids: tuple[str, ...] = ()
    hours: Mapping[str, tuple[str, ...]] | None = None
    closures: tuple[Closure, ...] = ()
    holidays: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None

    def offers(self, service: Service) -> bool:
        """Whether `service` can be booked with it."""
        return not self.service_ids or service.id in self.service_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription: where to call when a booking meets with an event.

    `events` are names such as `booking.placed`; none means all. Calls are signed with `secret`,
    which therefore is kept as it is, and until `old_secret_until` with the one before, too.
    `version` counts every change (the ETag). One that is not `active` is owed no calls; `why_off`
    says why, if nobody switched it off.
    """

    id: str
    url: str
    description: str | None = None
    events: tuple[str, ...] = ()
    secret: str
    active: bool = True
    why_off: str | None = None
    old_secret: str | None = None
    old_secret_until: datetime | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    def secrets(self, now: datetime) -> list[str]:
        """Those that a call made at `now` is signed with, the newest first."""
        if self.old_secret is None or self.old_secret_until is None or now >= self.old_secret_until:
            return [self.secret]
        return [self.secret, self.old_secret]


class Scope(StrEnum):
    """What a key may do."""

    PUBLISHABLE = "publishable"
    READ_ONLY = "read-only"
    OPERATOR = "operator"
    CALENDAR = "calendar"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key by its SHA-256 in hexadecimal; the key itself is kept nowhere.

    `prefix` is how it begins, for people to know it by. With `origins` it works only on pages of
    these. `last_used_at` is noted now and then, and may lag by minutes.
    """

    id: str
    name: str
    scope: Scope
    prefix: str
    digest: str
    created_at: datetime
    origins: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
