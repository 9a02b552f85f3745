"""The SQL of sessions and of the holds that have a seat in them."""

from storage.model import Hold
from storage.sqlite.statements.records import insert

_MEETING = """resource_id = {resource}
   AND occupied_start < :end
   AND occupied_start >= coalesce((SELECT max(occupied_start)
                                     FROM sessions AS before
                                    WHERE before.resource_id = {resource}
                                      AND before.occupied_start <= :start), :start)
   AND occupied_end > :start"""
"""Sessions do not overlap, so only the last that starts before `:start` can reach into it."""

_COLUMNS = ("start_time", "end_time", "occupied_start", "occupied_end", "service_id", "taken")

_MICROSECONDS = "unixepoch(substr({0}, 1, 19)) * 1000000 + substr({0}, 21, 6)"
"""As the triggers make them."""

SESSIONS = f"""
SELECT resource.value AS resource_id,
       (SELECT json_array({", ".join(f"json_group_array({name})" for name in _COLUMNS)})
          FROM (SELECT {", ".join(_COLUMNS)}
                  FROM sessions
                 WHERE {_MEETING.format(resource="resource.value")}
                 ORDER BY occupied_start)) AS sessions,
       (SELECT json_group_array(json_array({_MICROSECONDS.format("start_time")},
                                           {_MICROSECONDS.format("end_time")},
                                           service_id))
          FROM holds
         WHERE resource_id = resource.value AND expires_at <= :now) AS expired
  FROM json_each(:resources) AS resource
"""
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
   SET expires_at = :until, extended = 1
 WHERE token_digest = :hold AND expires_at > :now AND NOT extended
RETURNING *
"""
LET_GO = "DELETE FROM holds WHERE token_digest = ?"
REDEEM = """
DELETE FROM holds
 WHERE token_digest = :hold
   AND expires_at > :now
   AND (service_id, resource_id, start_time, end_time) = (:service, :resource, :start, :end)
"""
