"""E-mail by SMTP (RFC 5321), through aiosmtplib."""

import asyncio

import aiosmtplib

from schedules.channels import (
    Deferred,
    DeliveryError,
    Mail,
    Rejected,
    Relay,
    Uncertain,
    Unreachable,
)

TIMEOUT = 30.0
"""Seconds to wait for a connection, and for each reply."""

CLOSING = 421
"""The relay shuts its channel (RFC 5321, section 4.2.3): whatever the phase, its own trouble."""

CONNECTIONS = 8
"""How many there are to the relay at most."""

KEPT = 30.0
"""Seconds that an idle connection is kept: relays, and firewalls in silence, drop older ones."""

TEMPORARY = 400
"""Below is no refusal: a reply out of turn, or none that can be read (-1, aiosmtplib's)."""

PERMANENT = 500
"""From here on a reply means: never (RFC 5321, section 4.2.1)."""

_LOST = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


class EmailChannel:
    """Keeps the connections that its callers need at once, and uses each again."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[float, aiosmtplib.SMTP]] = []

    async def send(self, mail: Mail) -> None:
        """Hand the mail over. Raises a `DeliveryError` by the phase and the reply's code."""
        async with self._places:
            await self._send(mail)

    async def _send(self, mail: Mail) -> None:
        smtp = await self._begin(mail)
        try:
            await _recipient(smtp, mail)
            await _content(smtp, mail)
        except BaseException:
            smtp.close()
            raise
        self._idle.append((asyncio.get_running_loop().time(), smtp))

    async def close(self) -> None:
        """Take leave of the relay."""
        while self._idle:
            _, smtp = self._idle.pop()
            try:
                await smtp.quit()
            except (aiosmtplib.SMTPException, OSError):
                smtp.close()

    async def _begin(self, mail: Mail) -> aiosmtplib.SMTP:
        """A connection that has taken the sender; a kept one may have died meanwhile."""
        while self._idle:
            since, smtp = self._idle.pop()
            if asyncio.get_running_loop().time() - since > KEPT:
                smtp.close()
                continue
            try:
                await _sender(smtp, mail)
            except Unreachable:
                smtp.close()
            else:
                return smtp
        smtp = await self._connect()
        try:
            await _sender(smtp, mail)
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _connect(self) -> aiosmtplib.SMTP:
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.tls == "tls",
            start_tls=relay.tls == "starttls",
            timeout=TIMEOUT,
        )
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise Unreachable(f"{relay.host}:{relay.port}, {_kind(error)}", error) from error
        return smtp


async def _sender(smtp: aiosmtplib.SMTP, mail: Mail) -> None:
    """Whoever refuses the sender refuses us, not this mail."""
    try:
        await smtp.mail(mail.sender)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unreachable(f"at MAIL, {_kind(error)}", error) from error


async def _recipient(smtp: aiosmtplib.SMTP, mail: Mail) -> None:
    try:
        await smtp.rcpt(mail.recipient)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal("RCPT", error) from error
    except UnicodeError as error:
        raise Rejected("the address is not ASCII") from error
    except _LOST as error:
        raise Unreachable(f"at RCPT, {_kind(error)}", error, at_mail=True) from error


async def _content(smtp: aiosmtplib.SMTP, mail: Mail) -> None:
    try:
        await smtp.data(mail.content)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal("DATA", error) from error
    except _LOST as error:
        raise Uncertain(f"at DATA, {_kind(error)}", error) from error


def _refusal(phase: str, error: aiosmtplib.SMTPResponseException) -> DeliveryError:
    """What a reply other than yes means."""
    summary = f"{error.code} at {phase}"
    if error.code == CLOSING:
        return Unreachable(summary, error.message, at_mail=True)
    if error.code < TEMPORARY:
        nonsense = f"a reply at {phase} that makes no sense"
        if phase == "DATA":
            return Uncertain(nonsense, error.message)
        return Unreachable(nonsense, error.message, at_mail=True)
    kind = Deferred if error.code < PERMANENT else Rejected
    return kind(summary, error.message)


def _kind(error: Exception) -> str:
    """What kind of fault, without what the other side said."""
    code = f" {error.code}" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    return type(error).__name__ + code
