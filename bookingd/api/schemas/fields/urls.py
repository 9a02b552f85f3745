"""Where webhooks lead."""

import re
from ipaddress import ip_address
from typing import Any

from marshmallow import ValidationError
from yarl import URL

from bookingd.api.schemas.fields.described import Described
from bookingd.api.schemas.fields.texts import Text
from schedules.channels.private import is_public

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LEADS = (
    rf"://({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{{0,4}})?"  # host and port
    r"([/?]([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"  # path and query
)
"""A URL behind its scheme: as RFC 3986 has it, but without user and fragment."""


class Url(Text):
    """Where a webhook is called: https:// and a public host, or `anywhere`.

    What a name leads to is seen at each call; here an address is refused that can be seen to be
    wrong.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=2000, **options)
        self.anywhere = False

    @property
    def json_schema(self) -> Described:
        pattern = f"^{self._scheme}{_LEADS}$"
        return {**super().json_schema, "format": "uri", "pattern": pattern}

    @property
    def _scheme(self) -> str:
        return "https?" if self.anywhere else "https"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not re.fullmatch(self._scheme + _LEADS, text):
            hint = "https://hooks.example.com/bookings"
            raise ValidationError(f"Must be a URL such as {hint}, without user and fragment.")
        host = _host_of(text)
        if not host:
            raise ValidationError("Must lead to an address that there can be.")
        if not self.anywhere and not _may_be_public(host):
            raise ValidationError("Must lead to a public address.")
        return text


def _host_of(text: str) -> str | None:
    """The host that a URL leads to, if there can be such a host and port."""
    try:
        host = URL(text).host
        return ip_address(host).compressed if host and ":" in host else host
    except ValueError:
        return None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
