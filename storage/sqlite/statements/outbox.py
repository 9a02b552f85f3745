"""The SQL of the outbox."""

from storage.model import Message
from storage.outbox import LOST, TOLD
from storage.sqlite.statements.records import column, insert

FORGET_MESSAGES = """
DELETE FROM messages
 WHERE id IN (SELECT id
                FROM messages
               WHERE id < :behind AND due_at < :before
                 AND state IN ('sent', 'superseded', 'missed')
               ORDER BY id
               LIMIT :limit)
"""

OWE = insert("messages", Message)

_BOOKING_ID = column(Message, "booking_id")

OWE_STILL = f"""
{OWE}
 WHERE EXISTS (SELECT 1
                 FROM bookings
                WHERE id = {_BOOKING_ID} AND version = {column(Message, "version")})
   AND NOT EXISTS (SELECT 1
                     FROM messages
                    WHERE booking_id = {_BOOKING_ID} AND due_at = {column(Message, "due_at")}
                      AND kind = 'reminder' AND state <> 'superseded')
ON CONFLICT DO NOTHING
"""

_STANDS = """
EXISTS (SELECT 1
          FROM events
          JOIN bookings ON bookings.id = events.booking_id
         WHERE events.booking_id = messages.booking_id
           AND events.version = messages.version
           AND events.booking ->> '$.sequence' = bookings.sequence)"""
"""Whether the booking was neither moved nor cancelled since the message came to be owed."""

SUPERSEDE_OLD = f"""
UPDATE messages
   SET state = 'superseded'
 WHERE booking_id = ?
   AND (kind = 'reminder' AND state IN ('pending', 'leased')
        OR state = 'dead' AND audience <> 'webhook' AND NOT {_STANDS})
"""

SUPERSEDE = "UPDATE messages SET state = 'superseded' WHERE id = ? AND state = 'pending'"

REDATE = """
UPDATE messages
   SET due_at = :now,
       next_attempt_at = CASE next_attempt_at
           WHEN due_at THEN :now
           ELSE strftime(
               '%Y-%m-%dT%H:%M:%f+00:00',
               julianday(:now) + julianday(next_attempt_at) - julianday(due_at))
       END
 WHERE id >= :ahead AND state = 'pending' AND due_at > :now AND kind <> 'reminder'
"""
"""A pause stays as long as it was to the millisecond, which is as exact as SQLite reckons.

By its id, which sorts by time, nothing is looked at but what was made while the clock ran ahead.
"""

REMIND_AFTER_ALL = f"""
UPDATE messages
   SET state = 'pending'
 WHERE state IN ('dead', 'missed') AND state = 'missed'
   AND kind = 'reminder' AND attempts = 0 AND expires_at > :now
   AND {_STANDS}
"""

CALLS = "audience = 'webhook'"

MAILS = "audience <> 'webhook'"
"""Which messages a claim is of; webhook calls have an index of their own for it."""

MISS = """
UPDATE messages
   SET state = 'missed'
 WHERE expires_at <= :now
   AND rowid IN (SELECT rowid
                   FROM messages
                  WHERE state = 'pending' AND next_attempt_at <= :now
                  ORDER BY next_attempt_at, rowid
                  LIMIT 500)
"""
"""Of what is due at one moment the first that was made comes first: so the index has it, too."""

_CLAIM = """
UPDATE messages
   SET state = 'leased', leased_by = :owner, attempts = attempts + 1
 WHERE rowid IN (
           SELECT rowid
             FROM messages AS due
            WHERE state = 'pending' AND {which} AND next_attempt_at <= :now
              AND (expires_at IS NULL OR expires_at > :now)
              AND NOT EXISTS (
                  SELECT 1
                    FROM messages AS earlier
                   WHERE earlier.booking_id = due.booking_id
                     AND earlier.audience = due.audience
                     AND (due.audience <> 'webhook' OR earlier.recipient = due.recipient)
                     AND earlier.version < due.version
                     AND (earlier.state = 'leased'
                          OR earlier.state = 'pending' AND earlier.next_attempt_at <= :soon))
            ORDER BY next_attempt_at, rowid
            LIMIT :limit)
RETURNING *, {told}
"""

CLAIM = _CLAIM.format(which=MAILS, told=TOLD)

CLAIM_CALLS = _CLAIM.format(
    which=f"{CALLS} AND recipient NOT IN (SELECT value FROM json_each(:without))", told=TOLD
)

SETTLE = """
UPDATE messages
   SET state = CASE
           WHEN state = 'superseded' AND value ->> '$.state' <> 'sent' THEN state
           WHEN value ->> '$.state' = 'pending' AND value ->> '$.next_attempt_at' >= expires_at
               THEN 'missed'
           ELSE value ->> '$.state'
       END,
       leased_by = NULL,
       attempts = attempts - (value ->> '$.refund'),
       next_attempt_at = coalesce(value ->> '$.next_attempt_at', next_attempt_at),
       last_error = value ->> '$.error',
       sent_at = value ->> '$.sent_at'
  FROM json_each(?)
 WHERE messages.id = value ->> '$.id'
   AND leased_by = value ->> '$.owner'
   AND attempts = value ->> '$.attempt'
RETURNING messages.id
"""

MARK = {
    "confirms": """
UPDATE bookings
   SET confirmation_sent = 1
  FROM json_each(?)
 WHERE bookings.id = value ->> '$.booking_id'
""",
    "reminds_of": """
UPDATE bookings
   SET reminder_sent = 1
  FROM json_each(?)
 WHERE bookings.id = value ->> '$.booking_id' AND start_time = value ->> '$.reminds_of'
""",
}
"""What a booking is told of mails that arrived, by what they are."""

_RETRY = f"""
UPDATE messages
   SET state = 'pending',
       next_attempt_at = :now,
       attempts = 0,
       recipient = CASE audience
           WHEN 'customer' THEN (SELECT email FROM bookings WHERE id = booking_id)
           WHEN 'admin' THEN coalesce(:admin_email, recipient)
           ELSE recipient
       END
 WHERE (expires_at IS NULL OR expires_at > :now)
   AND (audience = 'webhook' OR {_STANDS})
   AND (state = 'pending' OR kind <> 'reminder' OR NOT EXISTS (
           SELECT 1
             FROM messages AS other
            WHERE other.booking_id = messages.booking_id AND other.due_at = messages.due_at
              AND other.kind = 'reminder'
              AND (other.state IN ('pending', 'leased', 'sent')
                   OR other.state = 'dead' AND other.id > messages.id)))
"""

RETRY = f"{_RETRY} AND id = :id AND (state = 'dead' OR state = 'pending' AND due_at <= :now)"

RETRY_DEAD = f"{_RETRY} AND {LOST} AND state = 'dead'"

KNOWN_MESSAGE = "SELECT 1 FROM messages WHERE id = ?"

_RELEASE = """
UPDATE messages
   SET state = 'pending', leased_by = NULL, attempts = attempts - 1
 WHERE state = 'leased' AND leased_by = ? AND {which}
"""

RELEASE = _RELEASE.format(which=MAILS)

RELEASE_CALLS = _RELEASE.format(which=CALLS)

FREE_ALL = "UPDATE messages SET state = 'pending', leased_by = NULL WHERE state = 'leased'"

OUTBOX = f"""
SELECT (SELECT count(*) FROM messages WHERE state = 'pending') AS pending,
       (SELECT count(*) FROM messages WHERE state = 'leased') AS leased,
       (SELECT count(*) FROM messages WHERE {LOST} AND state = 'dead') AS dead,
       (SELECT count(*) FROM messages WHERE {LOST} AND state = 'missed') AS missed,
       count(*) FILTER (WHERE due_at <= :now) AS due,
       count(*) FILTER (WHERE due_at <= :late) AS overdue,
       min(due_at) FILTER (WHERE due_at <= :now) AS oldest_due_at,
       count(*) FILTER (WHERE kind = 'reminder' AND due_at > :now AND due_at <= :soon)
           AS reminders_soon
  FROM (SELECT due_at, kind
          FROM messages
         WHERE state = 'pending' AND next_attempt_at <= :far
         UNION ALL
        SELECT due_at, kind
          FROM messages
         WHERE state = 'leased')
"""
"""All of it by the partial indexes: what was sent or superseded is not looked at."""
