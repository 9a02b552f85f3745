"""The SQL of bookings."""

from storage.erasure import PERSONAL
from storage.model import Booking, Event, KeptKey, Message
from storage.rows import CHANGED_COLUMNS
from storage.sqlite.statements.records import each, insert

PLACING = f"""
CREATE TEMP VIEW placing AS SELECT NULL AS bookings, NULL AS events, NULL AS messages;

CREATE TEMP TRIGGER place INSTEAD OF INSERT ON placing
BEGIN
    {insert("bookings", Booking, "NEW.bookings")};
    {insert("events", Event, "NEW.events")};
    {insert("messages", Message, "NEW.messages")};
END;
"""

PLACE = "INSERT INTO placing VALUES (?, ?, ?)"
"""Many bookings and all that belongs to them as one statement, by a trigger of the connection's
own. Alone it is a transaction, and for all of that Python's lock is given and taken once."""

CHANGE = f"""
UPDATE bookings
   SET reminder_sent = reminder_sent AND start_time = value ->> '$.start_time',
       {", ".join(f"{name} = value ->> '$.{name}'" for name in CHANGED_COLUMNS)}
  FROM json_each(?)
 WHERE bookings.id = value ->> '$.id' AND version = ?
"""

VERSION = "SELECT version FROM bookings WHERE id = ?"

KNOWN_KEYS = """
SELECT value ->> '$.booking_id' AS asked,
       kept.fingerprint = value ->> '$.fingerprint' AS same,
       events.booking
  FROM json_each(?)
  JOIN idempotency_keys AS kept
    ON kept.caller = value ->> '$.caller' AND kept.key = value ->> '$.key'
  JOIN events ON events.booking_id = kept.booking_id AND events.version = 1
"""

KEEP_KEYS = insert("idempotency_keys", KeptKey)

FORGET_KEYS = "DELETE FROM idempotency_keys WHERE created_at < ?"

ERASE = f"""
UPDATE bookings
   SET {each("{0} = :{0}")},
       version = version + 1,
       updated_at = :at
 WHERE id IN (SELECT value FROM json_each(:ids))
   AND email <> :email
   AND NOT (status IN ('PENDING', 'CONFIRMED') AND end_time > :at)
RETURNING id
"""

ERASE_EVENTS = f"""
UPDATE events
   SET booking = json_set(booking, {each("'$.{0}', :{0}")}, '$.answers', json(:answers)),
       detail = json_remove(detail, {each("'$.{0}'", PERSONAL)})
 WHERE booking_id IN (SELECT value FROM json_each(:ids))
"""

TELL_ERASED = """
INSERT INTO events (booking_id, version, at, kind, actor, booking, detail)
SELECT id, bookings.version, :at, 'erased', :actor,
       json_set(booking, '$.version', bookings.version, '$.updated_at', :at), '{}'
  FROM bookings
  JOIN events ON events.booking_id = id AND events.version = bookings.version - 1
 WHERE id IN (SELECT value FROM json_each(:ids))
"""

ERASE_THE_REST = (
    ERASE_EVENTS,
    TELL_ERASED,
    "DELETE FROM messages WHERE booking_id IN (SELECT value FROM json_each(:ids))",
    "DELETE FROM idempotency_keys WHERE booking_id IN (SELECT value FROM json_each(:ids))",
)

TELL = insert("events", Event)
