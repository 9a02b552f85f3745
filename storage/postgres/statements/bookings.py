"""The SQL of bookings."""

from storage.erasure import ERASED
from storage.rows import CHANGED_COLUMNS

_PLACE = """
WITH placed AS (
    INSERT INTO bookings
    {bookings}
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

ERASE = f"""
UPDATE bookings
   SET {", ".join(f"{name} = erased.{name}" for name in ERASED)},
       version = bookings.version + 1,
       updated_at = $3
  FROM json_populate_record(NULL::bookings, $2) AS erased
 WHERE bookings.id = ANY($1::uuid[])
   AND bookings.email <> erased.email
   AND NOT (bookings.status IN ('PENDING', 'CONFIRMED') AND bookings.end_time > $3)
RETURNING bookings.id
"""

ERASE_EVENTS = """
UPDATE events
   SET booking = (booking::jsonb || $2::jsonb)::json, detail = (detail::jsonb - $3::text[])::json
 WHERE booking_id = ANY($1::uuid[])
"""

TELL_ERASED = """
INSERT INTO events (booking_id, version, at, kind, actor, booking, detail)
SELECT id, bookings.version, $2, 'erased', $3,
       (booking::jsonb
        || jsonb_build_object('version', bookings.version, 'updated_at', $2::timestamptz))::json,
       '{}'
  FROM bookings
  JOIN events ON events.booking_id = id AND events.version = bookings.version - 1
 WHERE id = ANY($1::uuid[])
"""

FORGET_OF = (
    "DELETE FROM messages WHERE booking_id = ANY($1::uuid[])",
    "DELETE FROM idempotency_keys WHERE booking_id = ANY($1::uuid[])",
)

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
