"""How attempts ended, many to a statement, for both databases."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from storage.model import MessageState
from storage.writes import Settle


def ends(settles: Sequence[Settle]) -> dict[str, Settle]:
    """By the ids of the messages, in order: of two ends of one attempt the first holds."""
    first = {settle.message.id: settle for settle in reversed(settles)}
    return dict(sorted(first.items()))


def outcomes(
    settles: Sequence[Settle], ended: Mapping[str, Settle], settled: Collection[str]
) -> list[bool]:
    """What to answer each, when the messages with the ids `settled` were still leased."""
    ids = ((settle.message.id, settle) for settle in settles)
    return [id_ in settled and ended[id_] is settle for id_, settle in ids]


def as_record(settle: Settle) -> dict[str, Any]:
    """What the statement wants to know."""
    message, sent = settle.message, settle.state is MessageState.SENT
    return {
        "id": message.id,
        "owner": message.leased_by,
        "attempt": message.attempts,
        "state": settle.state,
        "refund": int(settle.refund),
        "next_attempt_at": settle.next_attempt_at,
        "error": settle.error,
        "sent_at": settle.at if sent else None,
        "booking_id": message.booking_id,
        "confirms": sent and message.confirms,
        "reminds_of": message.expires_at if sent and message.reminds else None,
    }
