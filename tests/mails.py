"""Mails as they are read at the other end."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


def read(content: bytes) -> EmailMessage:
    """What a mail reader makes of the bytes."""
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def part(mail: EmailMessage, kind: str) -> EmailMessage:
    """The one part of this type."""
    [found] = [found for found in mail.walk() if found.get_content_type() == kind]
    assert isinstance(found, EmailMessage)
    return found


def words(mail: EmailMessage, kind: str = "text/plain") -> str:
    """What the part of this type says, with plain line ends."""
    content: str = part(mail, kind).get_content()
    return content.replace("\r\n", "\n")
