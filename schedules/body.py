"""The parts of a mail, written out as they travel (RFC 2045, RFC 2046)."""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence

from schedules.calendar import Invitation
from schedules.texts import Text


def written(text: Text, invitation: Invitation | None) -> bytes:
    """What follows the headers of its own in a mail: the type of its content, and the parts.

    The alternatives go from plain to rich. Some mail programs want the invitation among them
    (RFC 6047, section 2.4), others as a file. Written here and not by the email package, which
    takes several times as long for as many lines.
    """
    alternatives = [_text("plain", text.plain), _text("html", text.html)]
    if invitation is None:
        return _multipart("alternative", alternatives)
    calendar = _text(f"calendar; method={invitation.method}", invitation.content.decode())
    inner = _multipart("alternative", [*alternatives, calendar])
    return _multipart("mixed", [inner, _file(invitation)])


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    """No part, encoded as they are, contains `=_` (RFC 2045, section 6.7)."""
    head = _headers(f'Content-Type: multipart/{kind}; boundary="=_{kind}"')
    border = f"\r\n--=_{kind}".encode()
    return b"".join([head, *[border + b"\r\n" + part for part in parts], border, b"--\r\n"])


def _text(kind: str, content: str) -> bytes:
    head = _headers(
        f"Content-Type: text/{kind}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    )
    lines = re.sub(r"\r\n?", "\n", content)
    return head + _crlf(b2a_qp(lines.encode(), istext=True))


def _file(invitation: Invitation) -> bytes:
    head = _headers(
        "Content-Type: application/ics; name=invite.ics",
        "Content-Disposition: attachment; filename=invite.ics",
        "Content-Transfer-Encoding: base64",
    )
    return head + _crlf(encodebytes(invitation.content))


def _headers(*lines: str) -> bytes:
    return "\r\n".join([*lines, "\r\n"]).encode()


def _crlf(lines: bytes) -> bytes:
    return lines.replace(b"\n", b"\r\n")
