"""Quiet hours: when nobody wants to be reminded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to `end` by the clock on the wall, over midnight where it ends earlier.

    The wall is the customer's, or `time_zone` where the booking names no zone.
    """

    begin: time
    end: time
    time_zone: str

    def around(self, due: datetime, start: datetime, zone: str | None) -> datetime:
        """When a reminder goes out that is `due`.

        In quiet hours it waits for their end; where the appointment's `start` comes first, it goes
        before they begin.
        """
        wall = ZoneInfo(zone or self.time_zone)
        local = due.astimezone(wall)
        if not self._hold(local.time()):
            return due
        begun = local.date() if local.time() >= self.begin else local.date() - DAY
        over = begun if self.begin < self.end else begun + DAY
        end = max(_instants(over, self.end, wall))
        return end if end < start else min(_instants(begun, self.begin, wall))

    def _hold(self, local: time) -> bool:
        if self.begin < self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


def _instants(day: date, local: time, wall: ZoneInfo) -> list[datetime]:
    """The instants that a wall time may mean: two where clocks change (PEP 495), else the same."""
    both = (datetime.combine(day, local.replace(fold=fold), wall) for fold in (0, 1))
    return [instant.astimezone(UTC) for instant in both]
