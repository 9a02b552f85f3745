"""The SQL of sessions and of the holds that have a seat in them."""

from storage.model import Hold
from storage.sqlite.statements.records import insert

_MEETING = """resource_id = {resource}
   AND occupied_start < :end
   AND occupied_start >= coalesce((SELECT CASE WHEN occupied_end > :start THEN occupied_start END
                                     FROM sessions AS before
                                    WHERE before.resource_id = {resource}
                                      AND before.occupied_start <= :start
                                    ORDER BY before.occupied_start DESC
                                    LIMIT 1), :start)"""
"""Sessions do not overlap, so only the last that starts before `:start` can reach into it."""

_START = "unixepoch(substr(start_time, 1, 19)) * 1000000 + substr(start_time, 21, 6)"
"""In microseconds, as the triggers make them."""


def _booked(*columns: str) -> str:
    """Of each resource the columns of its sessions, and what stays where holds have expired.

    The session of a hold is the one that lasts at its start.
    """
    return f"""
SELECT resource.value AS resource_id,
       (SELECT json_array({", ".join(f"json_group_array({name})" for name in columns)})
          FROM (SELECT {", ".join(columns)}
                  FROM sessions
                 WHERE {_MEETING.format(resource="resource.value")}
                 ORDER BY occupied_start)) AS columns,
       (SELECT json_group_array(json_array(occupied_start, taken - expired.seats))
          FROM (SELECT {_START} AS start, count(*) AS seats
                  FROM holds
                 WHERE resource_id = resource.value AND expires_at <= :now
                 GROUP BY start) AS expired
          JOIN sessions
            ON resource_id = resource.value
           AND occupied_start = (SELECT max(occupied_start)
                                   FROM sessions
                                  WHERE resource_id = resource.value
                                    AND occupied_start <= expired.start)) AS staying
  FROM json_each(:resources) AS resource
"""


SESSIONS = _booked(
    "start_time", "end_time", "occupied_start", "occupied_end", "service_id", "taken"
)
OCCUPIED = _booked("occupied_start", "occupied_end")

TAKEN = f"""
SELECT coalesce(sum(taken), 0)
  FROM sessions
 WHERE {_MEETING.format(resource=":resource")}
   AND service_id = :service
   AND start_time >= :start
   AND start_time < :end
"""

SWEEP = "DELETE FROM holds WHERE expires_at <= ?"
HELD = "SELECT count(*) FROM holds WHERE address_digest = ? AND expires_at > ?"
KEEP = insert("holds", Hold)
EXTEND = """
UPDATE holds
   SET expires_at = CASE WHEN extended THEN expires_at ELSE :until END, extended = 1
 WHERE token_digest = :hold AND expires_at > :now
RETURNING *
"""
LET_GO = "DELETE FROM holds WHERE token_digest = ?"
REDEEM = """
DELETE FROM holds
 WHERE token_digest = :hold
   AND expires_at > :now
   AND (service_id, resource_id, start_time, end_time) = (:service, :resource, :start, :end)
"""
