"""Why a mail may have come twice: a reason for each time, or it is a breach."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nemesis.relay import Receipt

UNDER_WAY = 0.5
"""Seconds that what a daemon said before its death may still be on its way."""

UNCERTAIN = 600.0
"""Seconds that a sender waits who does not know whether its mail was taken."""


@dataclass(frozen=True, slots=True)
class Death:
    """A daemon's: at which monotonic second, and which messages it had under way."""

    at: float
    leased: Collection[str]


@dataclass(frozen=True, slots=True)
class Again:
    """A mail that came twice: this time and the time before."""

    first: Receipt
    second: Receipt


def again(receipts: Iterable[Receipt]) -> list[Again]:
    """The mails that had come before."""
    by_message: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        by_message[receipt.message].append(receipt)
    return [
        Again(first, second) for times in by_message.values() for first, second in pairwise(times)
    ]


def in_the_window(receipts: Iterable[Receipt], deaths: Sequence[Death]) -> int:
    """How many mails the relay had taken from a daemon that died before it had noted so."""
    by_message: dict[str, list[float]] = defaultdict(list)
    for receipt in receipts:
        by_message[receipt.message].append(receipt.at)
    held = {
        (message, max(came))
        for death in deaths
        for message in death.leased
        if (came := [at for at in by_message[message] if at <= death.at + UNDER_WAY])
    }
    return len(held)


def without_reason(
    twice: Iterable[Again], deaths: Sequence[Death], leapt: float = float("inf")
) -> list[str]:
    """Complain of mails that came again though no daemon died of the time before.

    Nor had their sender been left without an answer, and waited: `leapt` is the monotonic second at
    which its clock did, so that what waited was due.
    """
    wrong = []
    for pair in twice:
        first, second = pair.first, pair.second
        died = any(
            first.at - UNDER_WAY <= death.at <= second.at and first.message in death.leased
            for death in deaths
        )
        waited = second.at >= min(first.at + UNCERTAIN, leapt)
        if not died and (first.told or not waited):
            wrong.append(f"came again without a reason: {first.message}")
    return wrong
