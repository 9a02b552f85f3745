"""What is an e-mail address, by its form alone: nothing is looked up."""

import re
from functools import lru_cache

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
PLAIN = re.compile(
    rf"(?![^@]{{65}}){_ATOM}(\.{_ATOM})*@(?!.*xn--)(?P<domain>[a-z0-9.-]+)",
    re.IGNORECASE | re.ASCII,
)
"""A dot-atom of at most 64 characters (RFC 5321, sections 4.1.2 and 4.5.3.1.1) at a domain in
ASCII: whether such an address is right depends on its domain alone."""


def is_address(text: str) -> bool:
    """Whether email-validator takes `text` for an address (RFC 5321)."""
    plain = PLAIN.fullmatch(text)
    return _known_domain(plain["domain"]) if plain else _judged(text)


@lru_cache(maxsize=1024)
def _known_domain(domain: str) -> bool:
    """Whether mail can go to `domain`; many customers share one, and to find out takes 40 µs."""
    return _judged(f"a@{domain}")


def _judged(text: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,
        )
    except EmailNotValidError:
        return False
    return True
