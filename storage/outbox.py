"""The SQL of the outbox that is the same for both databases."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from storage.ids import is_id
from storage.interface import MessageFilter
from storage.model import MessageState

LOST = "state IN ('dead', 'missed')"
"""The words of the index: SQLite does not see that one of the two is meant as well."""

TOLD = ", ".join(
    f"""(SELECT {name}
           FROM events
          WHERE events.booking_id = messages.booking_id
            AND events.version = messages.version) AS {name}"""
    for name in ("booking", "service", "resource", "detail")
)
"""What the event knows that a message tells of."""

_UNSENT = {
    MessageState.PENDING: "state = 'pending'",
    MessageState.LEASED: "state = 'leased'",
    MessageState.DEAD: LOST,
    MessageState.MISSED: LOST,
}
"""The words of the partial indexes, by state: few messages are there, most were sent."""


class OutboxListing:
    """A query with `?` for each of its `parameters`; `instant` makes what the driver takes.

    Newest first, by id: ids sort by the time of their making, and no depth costs more.
    """

    def __init__(
        self,
        which: MessageFilter,
        *,
        limit: int,
        after: str | None,
        instant: Callable[[datetime], Any],
    ) -> None:
        self.parameters: list[Any] = []
        self._conditions: list[str] = []
        self._source = _source(which.states)
        self._among("state", which.states)
        self._among("kind", which.kinds)
        self._id("booking_id = ?", which.booking_id)
        self._id("audience = 'webhook' AND recipient = ?", which.webhook_id)
        self._id("id < ?", after)
        for condition, bound in (("due_at >= ?", which.due_from), ("due_at < ?", which.due_to)):
            if bound is not None:
                self._where(condition, instant(bound))
        self.parameters.append(limit)

    @property
    def sql(self) -> str:
        """One page."""
        conditions = " AND ".join(self._conditions) or "true"
        return (
            f"WITH listed AS {self._source} "
            f"SELECT * FROM listed WHERE {conditions} ORDER BY id DESC LIMIT ?"
        )

    def _among(self, column: str, values: Collection[str] | None) -> None:
        if values is not None:
            marks = ", ".join("?" * len(values))
            self._where(f"{column} IN ({marks})" if marks else "false", *sorted(values))

    def _id(self, condition: str, value: str | None) -> None:
        if value is not None and is_id(value):
            self._where(condition, value)
        elif value is not None:
            self._where("false")

    def _where(self, condition: str, *parameters: Any) -> None:
        self._conditions.append(condition)
        self.parameters += parameters


def _source(states: Collection[MessageState] | None) -> str:
    """All messages; or, by the partial indexes, those that were not sent.

    Left to choose, a database may walk through all that was sent to find a handful that was not.
    """
    if not states or not set(states) <= _UNSENT.keys():
        return "(SELECT * FROM messages)"
    words = sorted({_UNSENT[state] for state in states})
    parts = " UNION ALL ".join(f"SELECT * FROM messages WHERE {one}" for one in words)
    return f"MATERIALIZED ({parts})"
