"""The SQL of sessions and of the holds that have a seat in them."""

_MEETING = """resource_id = {resource}
   AND occupied_start < $3
   AND occupied_start >= coalesce((SELECT CASE WHEN occupied_end > $2 THEN occupied_start END
                                     FROM sessions AS before
                                    WHERE before.resource_id = {resource}
                                      AND before.occupied_start <= $2
                                    ORDER BY before.occupied_start DESC
                                    LIMIT 1), $2)"""
"""Sessions do not overlap, so only the last that starts before `$2` can reach into it."""


def _booked(*columns: str) -> str:
    """Of each resource the columns of its sessions, and what stays where holds have expired.

    The session of a hold is the one that lasts at its start. JSON, because there may be thousands
    of numbers, which the driver reads more slowly.
    """
    lists = ", ".join(f"coalesce(json_agg({name}), '[]')" for name in columns)
    return f"""
SELECT resource.id,
       (SELECT json_build_array({lists})
          FROM (SELECT {", ".join(columns)}
                  FROM sessions
                 WHERE {_MEETING.format(resource="resource.id")}
                 ORDER BY occupied_start) AS meeting) AS columns,
       (SELECT coalesce(json_agg(json_build_array(occupied_start, taken - expired.seats)), '[]')
          FROM (SELECT start_time, count(*) AS seats
                  FROM holds
                 WHERE resource_id = resource.id AND expires_at <= $4
                 GROUP BY start_time) AS expired
          JOIN sessions
            ON resource_id = resource.id
           AND occupied_start = session_at(resource.id, expired.start_time)) AS staying
  FROM unnest($1::uuid[]) AS resource (id)
"""


SESSIONS = _booked(
    "start_time", "end_time", "occupied_start", "occupied_end", "service_id", "taken"
)
OCCUPIED = _booked("occupied_start", "occupied_end")

TAKEN = f"""
SELECT coalesce(sum(taken), 0)
  FROM sessions
 WHERE {_MEETING.format(resource="$1")}
   AND start_time >= $2
   AND start_time < $3
   AND service_id = $4
"""

WAIT_FOR = """
SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
  FROM unnest($1::text[]) AS names (name)
"""
"""Nobody else counts what is counted under these names until the transaction ends."""

SWEEP = """
WITH gone AS (DELETE FROM holds WHERE expires_at <= $1 RETURNING 1)
SELECT count(*) FROM gone
"""
HELD = "SELECT count(*) FROM holds WHERE address_digest = $1 AND expires_at > $2"
KEEP = """
INSERT INTO holds SELECT * FROM json_populate_record(NULL::holds, $1) RETURNING token_digest
"""
EXTEND = """
UPDATE holds
   SET expires_at = CASE WHEN extended THEN expires_at ELSE $2 END, extended = true
 WHERE token_digest = $1 AND expires_at > $3
RETURNING *
"""
LET_GO = "DELETE FROM holds WHERE token_digest = $1 RETURNING token_digest"
REDEEM = """
DELETE FROM holds
 WHERE token_digest = $1
   AND expires_at > $2
   AND service_id = $3
   AND resource_id = $4
   AND start_time = $5
   AND end_time = $6
RETURNING token_digest
"""
