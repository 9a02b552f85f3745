"""From a message to the mail that carries it."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from storage.model import Booking, Due

POLICY = SMTP_POLICY.clone(cte_type="7bit")
"""Lines that every relay carries, whether it knows 8BITMIME or not."""

TEMPLATES = Path(__file__).with_name("templates")


class Renderer:
    """Fills the templates `<language>/<kind>.<audience>.txt`; the first line is the subject.

    Times are told in the customer's zone, or in `time_zone` where the booking names none.
    """

    def __init__(self, *, sender: str, time_zone: str) -> None:
        self._sender = Address(addr_spec=sender)
        self._time_zone = time_zone
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            auto_reload=False,
            autoescape=False,  # noqa: S701 - the mail is plain text
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def mail(self, due: Due) -> EmailMessage:
        """The same mail, Message-ID and all, at every attempt.

        Raises jinja2's `TemplateError`, and `ValueError` for an address that is none.
        """
        message = due.message
        subject, text = self._text(due)
        mail = EmailMessage(policy=POLICY)
        mail["Message-ID"] = f"<{message.id}@{self._sender.domain}>"
        mail["From"] = self._sender
        mail["To"] = Address(addr_spec=_ascii(message.recipient))
        mail["Subject"] = subject
        mail["Date"] = message.due_at
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
        mail.set_content(text)
        return mail

    def _text(self, due: Due) -> tuple[str, str]:
        kind, audience = due.message.kind, due.message.audience
        template = self._templates.get_template(f"en/{kind}.{audience}.txt")
        filled = template.render(booking=due.booking, when=self._when(due.booking))
        subject, _, text = filled.partition("\n")
        return _plain(subject), text.lstrip("\n")

    def _when(self, booking: Booking) -> str:
        zone = ZoneInfo(booking.time_zone or self._time_zone)
        start, end = booking.start_time.astimezone(zone), booking.end_time.astimezone(zone)
        until = f"{end:%H:%M}" if start.date() == end.date() else _moment(end)
        named = zone.key if zone.key == "UTC" else f"{zone.key}, UTC{_offset(start)}"
        return f"{_moment(start)} to {until} ({named})"


def _plain(subject: str) -> str:
    """The subject on one line, and with nothing that the email package would decode.

    It takes `=?...?=` in a header for an encoded word (RFC 2047), and what a customer wrote so
    could decode to a line break and headers of the customer's own.
    """
    return " ".join(subject.split()).replace("=?", "= ?")


def _ascii(address: str) -> str:
    """The address with its domain as the DNS has it (RFC 5890), for relays without SMTPUTF8."""
    if address.isascii():
        return address
    from email_validator import validate_email

    found = validate_email(address, check_deliverability=False, test_environment=True)
    return found.ascii_email or address


def _moment(local: datetime) -> str:
    return f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M}"


def _offset(local: datetime) -> str:
    digits = f"{local:%z}"
    return f"{digits[:3]}:{digits[3:5]}"
