"""A write is a value: what is to become true, all of it or nothing.

Each class names in its base the outcome that `Storage.commit` gives for it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from storage.model import (
    ApiKey,
    Booking,
    Cap,
    Due,
    Event,
    Hold,
    IdempotencyKey,
    KeptKey,
    Message,
    MessageState,
    Resource,
    Service,
    Webhook,
)

Result = TypeVar("Result", covariant=True)


IN_ORDER = timedelta(minutes=1)
"""So long a message waits for an earlier one of its booking that is to be tried again."""


class Write(Generic[Result]):
    """What `commit` takes. `Result` is what it answers when the write succeeds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Place(Write[Booking | None]):
    """A new booking, its event and the messages that it owes.

    With a `key` that has placed a booking, nothing is placed: the answer is that booking as it was
    then. Else it is None. A refused write leaves no key behind.
    With a `hold`, the digest of its token, the booking takes the place of the hold, which has to
    be of the same slot and must not have expired. Every one of `caps` holds afterwards. What has
    neither `hold` nor `caps` is placed fastest.
    Errors: `SlotTaken`, `KeyReused`, `HoldExpired`, `CapReached`.
    """

    booking: Booking
    event: Event
    messages: Sequence[Message]
    key: IdempotencyKey | None = None
    hold: str | None = None
    caps: Sequence[Cap] = ()

    def __post_init__(self) -> None:
        _check_one(self.booking, self.event, self.messages)

    @property
    def at(self) -> datetime:
        """When it is made."""
        return self.event.at

    @property
    def kept(self) -> KeptKey | None:
        """What is kept of its key."""
        if self.key is None:
            return None
        return KeptKey(
            caller=self.key.caller,
            key=self.key.key,
            fingerprint=self.key.fingerprint,
            booking_id=self.booking.id,
            created_at=self.event.at,
        )


@dataclass(frozen=True, slots=True)
class Change(Write[None]):
    """A booking as it is to be, if it is still at `expected` version.

    The unsent reminders of the booking are superseded; `messages` holds those owed from now on.
    A move or a cancellation also supersedes what is dead, for it tells of a time that is no more.
    `confirmation_sent` and `reminder_sent` are not taken from `booking`: the first stays as it
    is, the second falls back to false when the start moves. Every one of `caps` holds afterwards.
    Errors: `NotFound`, `StaleVersion`, `SlotTaken`, `CapReached`.
    """

    booking: Booking
    expected: int
    event: Event
    messages: Sequence[Message]
    caps: Sequence[Cap] = ()

    def __post_init__(self) -> None:
        _check_one(self.booking, self.event, self.messages)

    @property
    def at(self) -> datetime:
        """When it is made."""
        return self.event.at


@dataclass(frozen=True, slots=True)
class Keep(Write[None]):
    """A hold, if fewer than `at_most` of its address have not expired when it is made.

    Every one of `caps` holds afterwards.
    Errors: `SlotTaken`, `CapReached`, `TooManyHolds`.
    """

    hold: Hold
    at_most: int | None = None
    caps: Sequence[Cap] = ()

    @property
    def at(self) -> datetime:
        """When it is made."""
        return self.hold.created_at


@dataclass(frozen=True, slots=True)
class Extend(Write[Hold]):
    """The hold with this digest lasts `until` then, or as long as an earlier one has made it last.

    Answers it. Errors: `HoldExpired`.
    """

    token_digest: str
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class LetGo(Write[bool]):
    """The hold with this digest is given up; False when there is none."""

    token_digest: str


@dataclass(frozen=True, slots=True)
class SweepHolds(Write[int]):
    """Forget the holds that have expired at `now`. Answers how many.

    They are free before: whoever wants their place sweeps them.
    """

    now: datetime


@dataclass(frozen=True, slots=True)
class Claim(Write[Sequence[Due]]):
    """Lease up to `limit` mails, or webhook `calls`, that are due at `now` to the daemon `owner`.

    Counts the attempt. What expired is marked `missed`; what a dead daemon held is free again.
    Not before what an earlier version of the booking owes to the same audience, if that is under
    way or will be tried within `IN_ORDER`. Calls of the webhooks `without` are passed over.
    """

    owner: int
    limit: int
    now: datetime
    calls: bool = False
    without: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Write[bool]):
    """How an attempt ended; False when the lease is no longer the `owner`'s for this attempt.

    A retry that would come after the message expired makes it `missed` at once.
    `refund` takes the attempt back (the relay was never reached). A message superseded while it
    was under way becomes `sent` if it left, and else stays superseded.
    """

    message: Message
    state: MessageState
    at: datetime
    next_attempt_at: datetime | None = None
    error: str | None = None
    refund: bool = False


@dataclass(frozen=True, slots=True)
class Release(Write[int]):
    """Give back, unsent, the mails or `calls` that the daemon `owner` leased. Answers how many."""

    owner: int
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Retry(Write[None]):
    """A message to be sent again, from now on, with all its attempts.

    One that is dead, or that is due and waits for its next attempt; it must not have expired, and
    its booking must not have been moved or cancelled since. A customer's goes to the address that
    the booking has by now, an administrator's to `admin_email`, where there is one.
    Errors: `NotFound`, `NotRetryable`.
    """

    message_id: str
    now: datetime
    admin_email: str | None


@dataclass(frozen=True, slots=True)
class RetryDead(Write[int]):
    """The same for all that are dead and can be sent again. Answers how many they are."""

    now: datetime
    admin_email: str | None


@dataclass(frozen=True, slots=True)
class Owe(Write[int]):
    """Reminders to add. Answers how many were.

    Left out where the booking has one for that moment, or is no longer at the version that the
    message tells of.
    """

    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Supersede(Write[int]):
    """Pending messages that are no longer owed. Answers how many were still pending."""

    message_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Redate(Write[int]):
    """Put right what a clock that ran ahead has done to messages, now that it shows `now`.

    What is owed at once, and dated into the future, is due now; its pause before the next attempt
    stays as long. A reminder that was missed untried, and is in time after all, is pending again.
    Answers how many there were.
    """

    now: datetime


@dataclass(frozen=True, slots=True)
class ForgetKeys(Write[int]):
    """Forget the idempotency keys made `before`. Answers how many."""

    before: datetime


@dataclass(frozen=True, slots=True)
class ForgetMessages(Write[int]):
    """Forget up to `limit` messages that were due `before` and are done with. Answers how many.

    Done with is what was sent, superseded or missed; what is dead waits for somebody.
    """

    before: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Erase(Write[int]):
    """Take out of these bookings, for good, who the customer was. Answers of how many.

    Of a booking, its events and what they changed there stay times, status, service and resource;
    the rest becomes `ERASED`. Its messages, sent or not, and its idempotency keys go. An event
    tells of it. Passed over are bookings that were erased before, and those that are live at `at`
    and not over.
    """

    booking_ids: Sequence[str]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class SaveService(Write[None]):
    """A service: new at version 1, else a change of the version before.

    Errors: `NotFound`, `StaleVersion`.
    """

    service: Service


@dataclass(frozen=True, slots=True)
class SaveResource(Write[None]):
    """A resource: new at version 1, else a change of the version before.

    Errors: `NotFound`, `StaleVersion`.
    """

    resource: Resource


@dataclass(frozen=True, slots=True)
class SaveWebhook(Write[None]):
    """A webhook: new at version 1, else a change of the version before.

    Of one that is not active the calls that wait are superseded.
    Errors: `NotFound`, `StaleVersion`.
    """

    webhook: Webhook


@dataclass(frozen=True, slots=True)
class DeleteWebhook(Write[None]):
    """Forget a webhook, if it is still at `expected` version; its calls to come are superseded.

    Those that are dead, too: nobody waits for them any more.
    Errors: `NotFound`, `StaleVersion`.
    """

    webhook_id: str
    expected: int


@dataclass(frozen=True, slots=True)
class OweCall(Write[None]):
    """A test call of a webhook that is active. Errors: `NotFound`."""

    message: Message


@dataclass(frozen=True, slots=True)
class Replay(Write[Message]):
    """A call of a webhook once more, from `now` on, whatever became of it; answers it.

    It is the same message with the same id, with all its attempts again. One that is under way
    stays so. Errors: `NotFound`.
    """

    webhook_id: str
    message_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class SaveKey(Write[None]):
    """An API key, new or changed. A revocation is for good, and `last_used_at` is not taken."""

    key: ApiKey


@dataclass(frozen=True, slots=True)
class KeepSecret(Write[str]):
    """A secret of this installation, unless it has one of that name: answers the one it has."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class NoteUse(Write[None]):
    """When keys were last used, by their ids; an earlier instant than is known changes nothing."""

    used: Mapping[str, datetime]


def alike(write: Write[Any]) -> type[Write[Any]] | None:
    """The kind of a write, if neighbours of that kind can share a statement."""
    if isinstance(write, Place):
        return None if write.hold or write.caps else Place
    return Settle if isinstance(write, Settle) else None


def _check_one(booking: Booking, event: Event, messages: Sequence[Message]) -> None:
    """All parts of a write are of one booking at one version. Raises `ValueError`."""
    parts: list[Event | Message] = [event, *messages]
    if {(part.booking_id, part.version) for part in parts} != {(booking.id, booking.version)}:
        raise ValueError("the event or a message is of another booking, or of another version")
