"""The SQL of writing. Records travel as JSON, whose keys are the columns' names."""

from collections.abc import Collection

from storage.model import ApiKey, Resource, Service
from storage.rows import CHANGED_COLUMNS, columns

_PLACE = """
WITH placed AS (
    INSERT INTO bookings
    {bookings}
    ON CONFLICT ON CONSTRAINT booking_no_overlap DO NOTHING
    RETURNING id
), told AS (
    INSERT INTO events
    SELECT event.*
      FROM json_populate_recordset(NULL::events, $2) AS event
      JOIN placed ON placed.id = event.booking_id
), owed AS (
    INSERT INTO messages
    SELECT message.*
      FROM json_populate_recordset(NULL::messages, $3) AS message
      JOIN placed ON placed.id = message.booking_id
){and_more}
SELECT id FROM placed
"""
PLACE = _PLACE.format(
    bookings="SELECT * FROM json_populate_recordset(NULL::bookings, $1)", and_more=""
)
"""Many bookings at once. A plain INSERT against an exclusion constraint deadlocks under
contention; DO NOTHING waits for the other transaction instead, then leaves the row out."""

PLACE_ONCE = _PLACE.format(
    bookings="""
    SELECT asking.*
      FROM json_populate_recordset(NULL::bookings, $1) AS asking
     WHERE NOT EXISTS (SELECT 1
                         FROM json_populate_recordset(NULL::idempotency_keys, $4) AS asked
                         JOIN idempotency_keys AS kept USING (caller, key)
                        WHERE asked.booking_id = asking.id)
     ORDER BY asking.resource_id, asking.occupied_start""",
    and_more=""", kept AS (
    INSERT INTO idempotency_keys
    SELECT asked.*
      FROM json_populate_recordset(NULL::idempotency_keys, $4) AS asked
      JOIN placed ON placed.id = asked.booking_id
)""",
)
"""The same where some have an idempotency key, and those left out whose key is known.

A key that another transaction keeps meanwhile breaks the statement on `KEY_ONCE`; again, it is
known."""

KEY_ONCE = "idempotency_key_once"
KNOWN_KEYS = """
SELECT asked.booking_id AS asked, kept.fingerprint = asked.fingerprint AS same, events.booking
  FROM json_populate_recordset(NULL::idempotency_keys, $1) AS asked
  JOIN idempotency_keys AS kept USING (caller, key)
  JOIN events ON events.booking_id = kept.booking_id AND events.version = 1
"""
FORGET_KEYS = """
WITH gone AS (DELETE FROM idempotency_keys WHERE created_at < $1 RETURNING 1)
SELECT count(*) FROM gone
"""

CHANGE = f"""
UPDATE bookings
   SET reminder_sent = bookings.reminder_sent AND bookings.start_time = after.start_time,
       {", ".join(f"{name} = after.{name}" for name in CHANGED_COLUMNS)}
  FROM json_populate_record(NULL::bookings, $1) AS after
 WHERE bookings.id = after.id AND bookings.version = $2
RETURNING bookings.id
"""
VERSION = "SELECT version FROM bookings WHERE id = $1"
TELL = "INSERT INTO events SELECT * FROM json_populate_record(NULL::events, $1)"
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
   AND (kind = 'reminder' AND state IN ('pending', 'leased') OR state = 'dead' AND NOT {_STANDS})
"""
SUPERSEDE = """
UPDATE messages
   SET state = 'superseded'
 WHERE id = ANY($1::uuid[]) AND state = 'pending'
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
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id
      FROM messages
     WHERE state = 'pending' AND next_attempt_at <= $1
       AND (expires_at IS NULL OR expires_at > $1)
       AND NOT EXISTS (
           SELECT 1
             FROM messages AS earlier
            WHERE earlier.booking_id = messages.booking_id
              AND earlier.audience = messages.audience
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
RETURNING messages.*, (SELECT booking
                         FROM events
                        WHERE events.booking_id = messages.booking_id
                          AND events.version = messages.version) AS booking
"""
SETTLE = """
WITH settled AS (
    UPDATE messages
       SET state = CASE
               WHEN state = 'superseded' AND $4 <> 'sent' THEN state
               WHEN $4 = 'pending' AND $6 >= expires_at THEN 'missed'
               ELSE $4
           END,
           leased_by = NULL,
           attempts = attempts - $5,
           next_attempt_at = coalesce($6, next_attempt_at),
           last_error = $7,
           sent_at = $8
     WHERE id = $1 AND leased_by = $2 AND attempts = $3
    RETURNING booking_id
), marked AS (
    UPDATE bookings
       SET confirmation_sent = confirmation_sent OR $9::boolean,
           reminder_sent = reminder_sent OR coalesce(start_time = $10::timestamptz, false)
      FROM settled
     WHERE bookings.id = settled.booking_id
       AND $4 = 'sent'
       AND ($9::boolean OR $10::timestamptz IS NOT NULL)
)
SELECT count(*) FROM settled
"""
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
               ELSE coalesce($2, recipient)
           END
     WHERE (expires_at IS NULL OR expires_at > $1)
       AND {_STANDS}
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

RELEASE = """
UPDATE messages
   SET state = 'pending', leased_by = NULL, attempts = attempts - 1
 WHERE state = 'leased' AND leased_by = $1
RETURNING id
"""


def _save(table: str, record: type, *, new: str = "true", kept: Collection[str] = ()) -> str:
    names = [name for name in columns(record) if name != "id" and name not in kept]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return (
        f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, $1) AS saved "
        f"WHERE {new} ON CONFLICT (id) DO UPDATE SET {changes}"
    )


def _save_version(table: str, record: type) -> str:
    """A new record at version 1, else the one after the version that is kept."""
    save = _save(table, record, new=f"version = 1 OR id IN (SELECT id FROM {table})")
    return f"{save} WHERE {table}.version = excluded.version - 1 RETURNING id"


SAVE_SERVICE = _save_version("services", Service)
SAVE_RESOURCE = _save_version("resources", Resource)
KNOWN_SERVICE = "SELECT 1 FROM services WHERE id = $1"
KNOWN_RESOURCE = "SELECT 1 FROM resources WHERE id = $1"
SAVE_KEY = f"""
{_save("api_keys", ApiKey, kept={"revoked_at", "last_used_at"})},
    revoked_at = coalesce(api_keys.revoked_at, excluded.revoked_at)
"""
NOTE_USE = """
WITH used AS MATERIALIZED (
    SELECT api_keys.id, used.at
      FROM api_keys
      JOIN unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) ON used.id = api_keys.id
     ORDER BY api_keys.id
       FOR UPDATE OF api_keys
)
UPDATE api_keys
   SET last_used_at = greatest(last_used_at, used.at)
  FROM used
 WHERE api_keys.id = used.id
"""
"""Locked in one order by all daemons, which use the same keys and note them at any time."""

COLLATION = """
SELECT collname
  FROM pg_collation
  JOIN unnest(ARRAY['pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8', 'default'])
       WITH ORDINALITY AS wanted (name, place) ON collname = name
 WHERE collnamespace = 'pg_catalog'::regnamespace
   AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
 ORDER BY place
 LIMIT 1
"""
"""The collation to lower letters by: of no language, and of all letters. PostgreSQL 17 brings one;
before, there is one where it was built with ICU, or where the system has it."""

OCCUPIED = """
SELECT occupied_start, occupied_end
  FROM bookings
 WHERE uuid_range(resource_id, resource_id, '[]') && uuid_range($1, $1, '[]')
   AND tstzrange(occupied_start, occupied_end) && tstzrange($2, $3)
   AND status IN ('PENDING', 'CONFIRMED')
 ORDER BY occupied_start
"""

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
