"""From a message to the mail that carries it."""

from collections.abc import Sequence
from datetime import timedelta
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from schedules.body import written
from schedules.calendar import Invitations
from schedules.channels import Mail
from schedules.samples import samples
from schedules.texts import Link, Texts
from storage.model import Due

_POLICY = SMTP.clone(cte_type="7bit")
"""Lines that every relay carries, whether it knows 8BITMIME or not."""


class Renderer:
    """Makes mails: text, HTML and, where a calendar has to know, an invitation.

    `sender` is the address that they come from, and `name` whose it is, if anybody says so.
    `time_zone` and `locale` are those of the house, `templates` the directory of templates that
    replace the built-in ones. `link` gives where a customer can manage a booking.
    """

    def __init__(
        self,
        *,
        sender: str,
        name: str = "",
        time_zone: str,
        locale: str = "en",
        templates: Path | None = None,
        alarms: Sequence[timedelta] = (),
        link: Link | None = None,
    ) -> None:
        self._sender = Address(name, addr_spec=_ascii(sender))
        self._from = _folded("From", str(self._sender)).decode()
        self._texts = Texts(time_zone=time_zone, locale=locale, directory=templates, link=link)
        self._invitations = Invitations(self._sender.addr_spec, alarms, name)

    def mail(self, due: Due) -> Mail:
        """The same mail, Message-ID and all, at every attempt.

        Raises jinja2's `TemplateError`, and `ValueError` for an address that is none.
        """
        message, sender = due.message, self._sender.addr_spec
        recipient = Address(addr_spec=_ascii(message.recipient)).addr_spec
        text = self._texts.text(due)
        invitation = self._invitations.of(
            due,
            attendee=recipient,
            zone=self._texts.zone(due),
            summary=text.event,
            location=text.location,
        )
        message_id = f"{message.id}@{self._sender.domain}"
        headers = (
            f"Message-ID: <{message_id}>\r\n{self._from}To: {recipient}\r\n"
            f"Date: {format_datetime(message.due_at)}\r\n"
            "Auto-Submitted: auto-generated\r\n"  # RFC 3834, section 5
            "MIME-Version: 1.0\r\n"
        )
        content = headers.encode("ascii") + _subject(text.subject) + written(text, invitation)
        return Mail(message_id=message_id, sender=sender, recipient=recipient, content=content)

    def complaints(self) -> dict[str, str]:
        """By the name of a template that fails for a sample of any mail, why.

        Renders each in each language; whatever a mail needs is loaded afterwards.
        """
        for language in self._texts.languages:
            for due in samples(language):
                self.mail(due)
        return self._texts.complaints


def _subject(words: str) -> bytes:
    """The header; its words on one line, and with nothing that the email package would decode.

    It takes `=?...?=` in a header for an encoded word (RFC 2047), and what a customer wrote so
    could decode to a line break and headers of the customer's own.
    """
    plain = " ".join(words.split()).replace("=?", "= ?")
    return _folded("Subject", plain)


def _folded(name: str, value: str) -> bytes:
    """A header as it travels."""
    return _POLICY.fold_binary(name, _POLICY.header_factory(name, value))


def _ascii(address: str) -> str:
    """The address with its domain as the DNS has it (RFC 5890), for relays without SMTPUTF8."""
    if address.isascii():
        return address
    from email_validator import validate_email

    found = validate_email(address, check_deliverability=False, test_environment=True)
    if found.ascii_email is None:
        raise ValueError("the address is not ASCII")
    return found.ascii_email
