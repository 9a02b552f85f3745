"""From a message to the mail that carries it."""

from collections.abc import Sequence
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from schedules.body import POLICY, fill, header
from schedules.calendar import Invitations
from schedules.samples import samples
from schedules.texts import Link, Texts
from storage.model import Due


class Renderer:
    """Makes mails: text, HTML and, where a calendar has to know, an invitation.

    `time_zone` and `locale` are those of the house, `templates` the directory of templates that
    replace the built-in ones. `link` gives where a customer can manage a booking.
    """

    def __init__(
        self,
        *,
        sender: str,
        time_zone: str,
        locale: str = "en",
        templates: Path | None = None,
        alarms: Sequence[timedelta] = (),
        link: Link | None = None,
    ) -> None:
        self._sender = header("From", str(Address(addr_spec=sender)))
        self._texts = Texts(time_zone=time_zone, locale=locale, directory=templates, link=link)
        self._invitations = Invitations(_ascii(sender), alarms)

    def mail(self, due: Due) -> EmailMessage:
        """The same mail, Message-ID and all, at every attempt.

        Raises jinja2's `TemplateError`, and `ValueError` for an address that is none.
        """
        message = due.message
        recipient = Address(addr_spec=_ascii(message.recipient))
        text = self._texts.text(due)
        invitation = self._invitations.of(
            due, attendee=recipient.addr_spec, zone=self._texts.zone(due), summary=text.event
        )
        mail = EmailMessage(policy=POLICY)
        mail["Message-ID"] = f"<{message.id}@{self._sender.addresses[0].domain}>"
        mail["From"] = self._sender
        mail["To"] = recipient
        mail["Subject"] = _plain(text.subject)
        mail["Date"] = message.due_at
        mail["Auto-Submitted"] = header("Auto-Submitted", "auto-generated")  # RFC 3834, section 5
        fill(mail, text, invitation)
        return mail

    def complaints(self) -> dict[str, str]:
        """By the name of a template that fails for a sample of any mail, why.

        Renders each in each language; whatever a mail needs is loaded afterwards.
        """
        for language in self._texts.languages:
            for due in samples(language):
                self.mail(due)
        return self._texts.complaints


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
