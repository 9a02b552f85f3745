"""The storage contract. `tests/conformance` proves it for every backend."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from storage.errors import StorageError
from storage.model import (
    ApiKey,
    Booking,
    BookingStatus,
    Event,
    Hold,
    IdempotencyKey,
    Message,
    MessageKind,
    MessageState,
    Outbox,
    Resource,
    Service,
    Webhook,
)
from storage.sessions import Occupied, Sessions
from storage.writes import Write


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFilter:
    """Which bookings; what is None does not restrict. `date_to` is exclusive, the others are not.

    `email` matches without regard to case; `q` is a part of name, company or e-mail,
    likewise: letter by letter, in no language, so that "ß" is not "ss".
    `person` is an address that a booking has or ever had, or that one of its mails went to.
    """

    statuses: Collection[BookingStatus] | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    email: str | None = None
    q: str | None = None
    service_id: str | None = None
    resource_id: str | None = None
    updated_since: datetime | None = None
    person: str | None = None
    erased: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; what is None does not restrict. `due_to` is exclusive."""

    states: Collection[MessageState] | None = None
    kinds: Collection[MessageKind] | None = None
    booking_id: str | None = None
    webhook_id: str | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None


class Sort(StrEnum):
    """An order of bookings; a leading minus turns it round. Ties go by id.

    `createdAt` goes by id alone: ids sort by the time of their making, to the millisecond.
    """

    START = "startTime"
    START_DOWN = "-startTime"
    CREATED = "createdAt"
    CREATED_DOWN = "-createdAt"
    UPDATED = "updatedAt"
    UPDATED_DOWN = "-updatedAt"

    @property
    def column(self) -> str:
        """The field of a booking that it goes by."""
        return _SORTED[self.removeprefix("-")]


_SORTED = {"startTime": "start_time", "createdAt": "created_at", "updatedAt": "updated_at"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sorted instant and the id of its last booking."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Health:
    """A database that answered: `latency` in seconds, the pool's connections."""

    backend: str
    latency: float
    size: int
    idle: int
    maximum: int


HEALTH = 2.0
"""Seconds in which a database gives a sign of life, or counts as gone."""

OVERDUE = timedelta(minutes=5)
"""So long after its moment a message that has not left is overdue."""

SOON = timedelta(hours=24)
"""How far ahead reminders are counted."""

FAR = timedelta(hours=48)
"""Further ahead than any message waits for its next attempt."""


class Storage(ABC):
    """Bookings and what they owe, in one database.

    Every reading method may raise `Unavailable`, and then the same call may be made again later.
    A write whose outcome is `Unavailable` may or may not have happened.
    """

    owner: int
    """The number of this daemon, under which it leases messages. No two live ones share it."""

    @abstractmethod
    async def commit(self, writes: Sequence[Write[Any]]) -> list[Any | StorageError]:
        """Carry out `writes` in order and answer an outcome for each.

        Neighbouring `Place`s count as simultaneous: of two that exclude each other either may win.

        Each write MUST be atomic and succeed or fail on its own: an outcome is the write's result
        or a `StorageError`, which is returned, not raised. When `commit` returns, what succeeded
        MUST survive the loss of power. Two live bookings of one resource MUST NOT come to share
        an instant of their occupied ranges, whoever else writes at the same time.
        """

    @abstractmethod
    async def booking(self, booking_id: str) -> Booking:
        """One booking. Raises `NotFound`."""

    @abstractmethod
    async def placed_with(self, key: IdempotencyKey) -> Booking | None:
        """What this caller's same request has placed, as it was then; None if nothing yet.

        Raises `KeyReused`.
        """

    @abstractmethod
    async def events(self, booking_id: str) -> list[Event]:
        """The history of a booking, oldest first. Raises `NotFound`."""

    @abstractmethod
    async def bookings(
        self,
        which: BookingFilter,
        *,
        sort: Sort = Sort.START,
        limit: int,
        offset: int = 0,
        after: Position | None = None,
    ) -> list[Booking]:
        """Those that match, in order. `after` MUST cost the same at any depth."""

    @abstractmethod
    async def count_bookings(self, which: BookingFilter) -> int:
        """How many match."""

    @abstractmethod
    async def hold(self, token_digest: str) -> Hold:
        """One hold, which may have expired. Raises `NotFound`."""

    @abstractmethod
    async def sessions(
        self, resource_ids: Sequence[str], start: datetime, end: datetime, now: datetime
    ) -> Mapping[str, Sessions]:
        """What occupies each of these resources somewhen in `[start, end)`, in order.

        Seats of holds that have expired at `now` count as free. MUST be one round trip, and not
        cost more for what lies outside the period.
        """

    @abstractmethod
    async def occupied(
        self, resource_ids: Sequence[str], start: datetime, end: datetime, now: datetime
    ) -> Mapping[str, Occupied]:
        """Only when each is occupied by these sessions, for those who want to know it fast."""

    @abstractmethod
    async def messages(self, booking_ids: Sequence[str]) -> list[Message]:
        """All messages of these bookings, oldest first."""

    @abstractmethod
    async def message(self, message_id: str) -> Message:
        """One message. Raises `NotFound`."""

    @abstractmethod
    async def outbox_page(
        self, which: MessageFilter, *, limit: int, after: str | None = None
    ) -> list[Message]:
        """Those that match, newest first, from behind the one with the id `after` on."""

    @abstractmethod
    async def outbox(self, now: datetime) -> Outbox:
        """How the outbox stands at `now`. MUST NOT cost more the more has been sent."""

    @abstractmethod
    async def services(self) -> list[Service]:
        """All services, oldest first."""

    @abstractmethod
    async def resources(self) -> list[Resource]:
        """All resources, oldest first."""

    @abstractmethod
    async def webhooks(self) -> list[Webhook]:
        """All webhooks, oldest first."""

    @abstractmethod
    async def keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""

    @abstractmethod
    async def health(self) -> Health:
        """Ask the database for a sign of life, within `HEALTH` seconds."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of the database. Nothing else may be called afterwards."""
