"""Ways out. A channel sends one mail or call, or says in what way it could not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol


class DeliveryError(Exception):
    """The mail was not delivered, or it is not known whether it was.

    `summary` is fit for a log; what the other side said may name a customer. `at_least` so long
    the other side wants to be left alone.
    """

    at_least = timedelta()

    def __init__(self, summary: str, said: object = "") -> None:
        super().__init__(f"{summary}: {said}" if said else summary)
        self.summary = summary


class Unreachable(DeliveryError):
    """The relay could not be used at all; the mail has nothing to do with it.

    Unless it broke off `at_mail`, once it knew for whom: then, perhaps, just this one scares it.
    """

    def __init__(self, summary: str, said: object = "", *, at_mail: bool = False) -> None:
        super().__init__(summary, said)
        self.at_mail = at_mail


class Deferred(DeliveryError):
    """The relay refused this mail for now (4xx)."""


class Rejected(DeliveryError):
    """The relay refused this mail for good (5xx), or it cannot be written at all."""


class NotOwed(DeliveryError):
    """Whoever it was for wants it no longer."""


class Uncertain(DeliveryError):
    """The connection was lost after the mail had been handed over: it may have been taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where mail is handed over. `tls` is none, starttls or tls (from the first byte)."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it travels: its envelope (RFC 5321, section 2.3.1) and its content (RFC 5322)."""

    message_id: str
    sender: str
    recipient: str
    content: bytes


class Channel(Protocol):
    """One way out."""

    async def send(self, mail: Any) -> None:
        """Return when what its renderer makes is the other side's. Raises a `DeliveryError`."""

    async def close(self) -> None:
        """Hang up."""
