"""What has to become of reminders while the clock steps: reckoned without the product's code."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

AHEAD = timedelta(hours=24)
"""How long before the start the daemons remind."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the clock showed between two steps: first and last."""

    begun: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A booking: in which stretch it was made, and when, as the clock showed."""

    id: str
    start: datetime
    stretch: int
    at: datetime
    cancelled: bool = False

    @property
    def due(self) -> datetime:
        """When its reminder is due."""
        return self.start - AHEAD


@dataclass(frozen=True, slots=True)
class Owed:
    """A message of the outbox."""

    id: str
    booking: str
    state: str


def outcome(asked: Asked, stretches: Sequence[Stretch]) -> str:
    """The state of its reminder: sent as soon as it is due before the start.

    It is missed only as long as the clock shows that the start has passed.
    """
    if asked.cancelled:
        return "superseded"
    first, *rest = stretches[asked.stretch :]
    state = "pending"
    for stretch in [replace(first, begun=asked.at), *rest]:
        state = "missed" if stretch.begun >= asked.start else "pending"
        if state == "pending" and stretch.ended >= asked.due:
            return "sent"
    return state


def wrong_reminders(
    bookings: Iterable[Asked],
    stretches: Sequence[Stretch],
    reminders: Iterable[Owed],
    came: Counter[str],
) -> list[str]:
    """Each booking has one reminder, in the right state, and it came once if it was sent.

    `came` is how often each message came.
    """
    there: dict[str, list[Owed]] = defaultdict(list)
    for reminder in reminders:
        there[reminder.booking].append(reminder)
    wrong = []
    for asked in bookings:
        expected, found = outcome(asked, stretches), there[asked.id]
        if [reminder.state for reminder in found] != [expected]:
            states = [reminder.state for reminder in found]
            wrong.append(f"reminder due {asked.due}: {states} and not {expected}")
        times = sum(came[reminder.id] for reminder in found)
        if times != (expected == "sent"):
            wrong.append(f"reminder due {asked.due}: came {times} times, {expected} expected")
    return wrong


def wrong_mails(mails: Iterable[Owed], came: Counter[str]) -> list[str]:
    """Whatever was owed at once is sent, and came once."""
    return [
        f"{mail.state}, and came {came[mail.id]} times: {mail.id}"
        for mail in mails
        if mail.state != "sent" or came[mail.id] != 1
    ]
