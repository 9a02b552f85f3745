"""The SQL of the outbox."""

from storage.outbox import TOLD

FORGET_MESSAGES = """
WITH done AS (
    SELECT id
      FROM messages
     WHERE id < $1 AND due_at < $2 AND state IN ('sent', 'superseded', 'missed')
     ORDER BY id
     LIMIT $3
       FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM messages USING done WHERE messages.id = done.id RETURNING 1)
SELECT count(*) FROM gone
"""

OWE = "INSERT INTO messages SELECT * FROM json_populate_recordset(NULL::messages, $1)"

OWE_STILL = """
INSERT INTO messages
SELECT message.*
  FROM json_populate_recordset(NULL::messages, $1) AS message
  JOIN bookings ON bookings.id = message.booking_id
 WHERE bookings.version = message.version
   AND NOT EXISTS (SELECT 1
                     FROM messages AS other
                    WHERE other.booking_id = message.booking_id AND other.due_at = message.due_at
                      AND other.kind = 'reminder' AND other.state <> 'superseded')
   FOR SHARE OF bookings
ON CONFLICT DO NOTHING
RETURNING id
"""

_STANDS = """
EXISTS (SELECT 1
          FROM events
          JOIN bookings ON bookings.id = events.booking_id
         WHERE events.booking_id = messages.booking_id
           AND events.version = messages.version
           AND (events.booking ->> 'sequence')::integer = bookings.sequence)"""
"""Whether the booking was neither moved nor cancelled since the message came to be owed."""

SUPERSEDE_OLD = f"""
UPDATE messages
   SET state = 'superseded'
 WHERE booking_id = $1
   AND (kind = 'reminder' AND state IN ('pending', 'leased')
        OR state = 'dead' AND audience <> 'webhook' AND NOT {_STANDS})
"""

SUPERSEDE = """
UPDATE messages
   SET state = 'superseded'
 WHERE id = ANY($1::uuid[]) AND state = 'pending'
RETURNING id
"""

REDATE = """
UPDATE messages
   SET due_at = $1, next_attempt_at = $1 + (next_attempt_at - due_at)
 WHERE id >= $2 AND state = 'pending' AND due_at > $1 AND kind <> 'reminder'
RETURNING id
"""

"""By its id, which sorts by time, nothing is looked at but what was made while the clock ran
ahead."""

_MISSED_TOO_SOON = "state = 'missed' AND kind = 'reminder' AND attempts = 0 AND expires_at > $1"

HOLD_BOOKINGS_OF_MISSED = f"""
SELECT 1
  FROM bookings
 WHERE id IN (SELECT booking_id FROM messages WHERE {_MISSED_TOO_SOON})
 ORDER BY id
   FOR SHARE
"""
"""So that none is moved or cancelled meanwhile."""

REMIND_AFTER_ALL = f"""
UPDATE messages
   SET state = 'pending'
 WHERE {_MISSED_TOO_SOON}
   AND {_STANDS}
RETURNING id
"""

MISS = """
UPDATE messages
   SET state = 'missed'
 WHERE expires_at <= $1
   AND id IN (SELECT id
                FROM messages
               WHERE state = 'pending' AND next_attempt_at <= $1
               ORDER BY next_attempt_at, id
               LIMIT 500)
"""

PRESENCE = 0x626B6764
"""The first key of the advisory lock that a daemon holds while it lives: 'bkgd'."""

BE_PRESENT = f"SELECT pg_try_advisory_lock({PRESENCE}, $1)"

FREE_STRANDED = f"""
UPDATE messages
   SET state = 'pending', leased_by = NULL
 WHERE state = 'leased'
   AND leased_by <> ALL (
       SELECT objid::bigint
         FROM pg_locks
        WHERE locktype = 'advisory' AND classid = {PRESENCE} AND objsubid = 2 AND granted)
"""

CALLS = "audience = 'webhook'"

MAILS = "audience <> 'webhook'"
"""Which messages a claim is of; webhook calls have an index of their own for it."""

_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id
      FROM messages
     WHERE state = 'pending' AND {which} AND next_attempt_at <= $1
       AND (expires_at IS NULL OR expires_at > $1)
       AND NOT EXISTS (
           SELECT 1
             FROM messages AS earlier
            WHERE earlier.booking_id = messages.booking_id
              AND earlier.audience = messages.audience
              AND (messages.audience <> 'webhook'
                   OR earlier.recipient = messages.recipient)
              AND earlier.version < messages.version
              AND (earlier.state = 'leased'
                   OR earlier.state = 'pending' AND earlier.next_attempt_at <= $4))
     ORDER BY next_attempt_at, id
     LIMIT $2
       FOR UPDATE SKIP LOCKED
)
UPDATE messages
   SET state = 'leased', leased_by = $3, attempts = attempts + 1
  FROM due
 WHERE messages.id = due.id
RETURNING messages.*, {told}
"""

CLAIM = _CLAIM.format(which=MAILS, told=TOLD)

CLAIM_CALLS = _CLAIM.format(which=f"{CALLS} AND recipient <> ALL($5)", told=TOLD)

SETTLE = """
WITH ended AS (
    SELECT *
      FROM json_to_recordset($1) AS (
          id uuid, owner integer, attempt integer, state text, refund integer,
          next_attempt_at timestamptz, error text, sent_at timestamptz,
          confirms boolean, reminds_of timestamptz)
), settled AS (
    UPDATE messages
       SET state = CASE
               WHEN messages.state = 'superseded' AND ended.state <> 'sent' THEN messages.state
               WHEN ended.state = 'pending' AND ended.next_attempt_at >= expires_at THEN 'missed'
               ELSE ended.state
           END,
           leased_by = NULL,
           attempts = attempts - refund,
           next_attempt_at = coalesce(ended.next_attempt_at, messages.next_attempt_at),
           last_error = error,
           sent_at = ended.sent_at
      FROM ended
     WHERE messages.id = ended.id AND leased_by = owner AND attempts = attempt
    RETURNING messages.id, messages.booking_id, confirms, reminds_of
), marked AS (
    UPDATE bookings
       SET confirmation_sent = confirmation_sent OR confirmed,
           reminder_sent = reminder_sent OR start_time = ANY(reminded_of)
      FROM (SELECT booking_id,
                   bool_or(confirms) AS confirmed,
                   coalesce(array_agg(reminds_of) FILTER (WHERE reminds_of IS NOT NULL), '{}')
                       AS reminded_of
              FROM settled
             WHERE confirms OR reminds_of IS NOT NULL
             GROUP BY booking_id) AS sent
     WHERE bookings.id = sent.booking_id
)
SELECT id FROM settled
"""
"""Many at once: a commit for each would be most of what a mail costs."""

HOLD_BOOKING = """
SELECT 1
  FROM bookings
 WHERE id = (SELECT booking_id FROM messages WHERE id = $1)
   FOR SHARE
"""

HOLD_BOOKINGS_OF_DEAD = """
SELECT 1
  FROM bookings
 WHERE id IN (SELECT booking_id FROM messages WHERE state = 'dead')
 ORDER BY id
   FOR SHARE
"""
"""So that none is changed, and its reminders owed anew, while what is dead is looked at."""

_RETRY = f"""
WITH retried AS (
    UPDATE messages
       SET state = 'pending',
           next_attempt_at = $1,
           attempts = 0,
           recipient = CASE audience
               WHEN 'customer' THEN (SELECT email FROM bookings WHERE id = booking_id)
               WHEN 'admin' THEN coalesce($2, recipient)
               ELSE recipient
           END
     WHERE (expires_at IS NULL OR expires_at > $1)
       AND (audience = 'webhook' OR {_STANDS})
       AND (state = 'pending' OR kind <> 'reminder' OR NOT EXISTS (
               SELECT 1
                 FROM messages AS other
                WHERE other.booking_id = messages.booking_id AND other.due_at = messages.due_at
                  AND other.kind = 'reminder'
                  AND (other.state IN ('pending', 'leased', 'sent')
                       OR other.state = 'dead' AND other.id > messages.id)))
       AND {{which}}
    RETURNING id
)
SELECT count(*) FROM retried
"""

RETRY = _RETRY.format(which="id = $3 AND (state = 'dead' OR state = 'pending' AND due_at <= $1)")

RETRY_DEAD = _RETRY.format(which="state = 'dead'")

KNOWN_MESSAGE = "SELECT 1 FROM messages WHERE id = $1"

_RELEASE = """
UPDATE messages
   SET state = 'pending', leased_by = NULL, attempts = attempts - 1
 WHERE state = 'leased' AND leased_by = $1 AND {which}
RETURNING id
"""

RELEASE = _RELEASE.format(which=MAILS)

RELEASE_CALLS = _RELEASE.format(which=CALLS)

OUTBOX = """
SELECT (SELECT count(*) FROM messages WHERE state = 'pending') AS pending,
       (SELECT count(*) FROM messages WHERE state = 'leased') AS leased,
       (SELECT count(*) FROM messages WHERE state = 'dead') AS dead,
       (SELECT count(*) FROM messages WHERE state = 'missed') AS missed,
       count(*) FILTER (WHERE due_at <= $1) AS due,
       count(*) FILTER (WHERE due_at <= $2) AS overdue,
       min(due_at) FILTER (WHERE due_at <= $1) AS oldest_due_at,
       count(*) FILTER (WHERE kind = 'reminder' AND due_at > $1 AND due_at <= $3)
           AS reminders_soon
  FROM (SELECT due_at, kind
          FROM messages
         WHERE state = 'pending' AND next_attempt_at <= $4
         UNION ALL
        SELECT due_at, kind
          FROM messages
         WHERE state = 'leased') AS owed
"""
"""All of it by the partial indexes: what was sent or superseded is not looked at."""
