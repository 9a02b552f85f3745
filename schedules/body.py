"""The parts of a mail, put together."""

import re
from base64 import encodebytes
from binascii import b2a_qp
from email.message import EmailMessage, Message
from email.policy import SMTP
from functools import lru_cache
from typing import Any

from schedules.calendar import Invitation
from schedules.texts import Text

POLICY = SMTP.clone(cte_type="7bit")
"""Lines that every relay carries, whether it knows 8BITMIME or not."""


def fill(mail: EmailMessage, text: Text, invitation: Invitation | None) -> None:
    """Give `mail` its parts.

    The alternatives go from plain to rich. Some mail programs want the invitation among them
    (RFC 6047, section 2.4), others as a file.
    """
    alternatives: list[Message | str] = [_text("plain", text.plain), _text("html", text.html)]
    if invitation is None:
        _join(mail, "alternative", alternatives)
        return
    calendar = _text(f"calendar; method={invitation.method}", invitation.content.decode())
    inner = Message(POLICY)
    _join(inner, "alternative", [*alternatives, calendar])
    _join(mail, "mixed", [inner, _file(invitation)])


def _join(whole: Message, kind: str, parts: list[Message | str]) -> None:
    """As a multipart; no part, encoded as they are, contains `=_` (RFC 2045, section 6.7)."""
    _set(whole, "MIME-Version", "1.0")
    _set(whole, "Content-Type", f'multipart/{kind}; boundary="=_{kind}"')
    whole.set_payload(parts)


def _text(kind: str, content: str) -> Message:
    part = Message(POLICY)
    _set(part, "Content-Type", f"text/{kind}; charset=utf-8")
    _set(part, "Content-Transfer-Encoding", "quoted-printable")
    lines = re.sub(r"\r\n?", "\n", content)
    part.set_payload(b2a_qp(lines.encode(), istext=True).decode())
    return part


def _file(invitation: Invitation) -> Message:
    part = Message(POLICY)
    _set(part, "Content-Type", "application/ics; name=invite.ics")
    _set(part, "Content-Disposition", "attachment; filename=invite.ics")
    _set(part, "Content-Transfer-Encoding", "base64")
    part.set_payload(encodebytes(invitation.content).decode())
    return part


def _set(part: Message, name: str, value: str) -> None:
    part[name] = header(name, value)


@lru_cache
def header(name: str, value: str) -> Any:
    """One that is in every mail, and parsed once: that is most of what a mail costs."""
    return POLICY.header_factory(name, value)
