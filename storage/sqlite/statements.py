"""The SQL of writing. Records travel as a JSON array, whose keys are the columns' names.

One statement for many rows takes and gives back Python's lock once, not once for each row.
"""

from collections.abc import Collection

from storage.erasure import ERASED, PERSONAL
from storage.model import ApiKey, Booking, Event, KeptKey, Message, Resource, Service, Webhook
from storage.rows import CHANGED_COLUMNS, columns


def _insert(table: str, record: type, records: str = "?") -> str:
    names = columns(record)
    values = ", ".join(f"value ->> '$.{name}'" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM json_each({records})"


def _save(table: str, record: type, *, new: str = "true", kept: Collection[str] = ()) -> str:
    names = [name for name in columns(record) if name != "id" and name not in kept]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"{_insert(table, record)} WHERE {new} ON CONFLICT (id) DO UPDATE SET {changes}"


def _save_version(table: str, record: type) -> str:
    """A new record at version 1, else the one after the version that is kept."""
    known = f"value ->> '$.id' IN (SELECT id FROM {table})"
    save = _save(table, record, new=f"value ->> '$.version' = 1 OR {known}")
    return f"{save} WHERE {table}.version = excluded.version - 1"


_STANDS = """
EXISTS (SELECT 1
          FROM events
          JOIN bookings ON bookings.id = events.booking_id
         WHERE events.booking_id = messages.booking_id
           AND events.version = messages.version
           AND events.booking ->> '$.sequence' = bookings.sequence)"""
"""Whether the booking was neither moved nor cancelled since the message came to be owed."""

PLACING = f"""
CREATE TEMP VIEW placing AS SELECT NULL AS bookings, NULL AS events, NULL AS messages;

CREATE TEMP TRIGGER place INSTEAD OF INSERT ON placing
BEGIN
    {_insert("bookings", Booking, "NEW.bookings")};
    {_insert("events", Event, "NEW.events")};
    {_insert("messages", Message, "NEW.messages")};
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
KEEP_KEYS = _insert("idempotency_keys", KeptKey)
FORGET_KEYS = "DELETE FROM idempotency_keys WHERE created_at < ?"
FORGET_MESSAGES = """
DELETE FROM messages
 WHERE id IN (SELECT id
                FROM messages
               WHERE id < :behind AND due_at < :before
                 AND state IN ('sent', 'superseded', 'missed')
               ORDER BY id
               LIMIT :limit)
"""


def _each(form: str, names: Collection[str] = tuple(ERASED)) -> str:
    return ", ".join(form.format(name) for name in names)


ERASE = f"""
UPDATE bookings
   SET {_each("{0} = :{0}")},
       version = version + 1,
       updated_at = :at
 WHERE id IN (SELECT value FROM json_each(:ids))
   AND email <> :email
   AND NOT (status IN ('PENDING', 'CONFIRMED') AND end_time > :at)
RETURNING id
"""
ERASE_EVENTS = f"""
UPDATE events
   SET booking = json_set(booking, {_each("'$.{0}', :{0}")}, '$.answers', json(:answers)),
       detail = json_remove(detail, {_each("'$.{0}'", PERSONAL)})
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
TELL = _insert("events", Event)
OWE = _insert("messages", Message)
OWE_STILL = f"""
{OWE}
 WHERE EXISTS (SELECT 1
                 FROM bookings
                WHERE id = value ->> '$.booking_id' AND version = value ->> '$.version')
   AND NOT EXISTS (SELECT 1
                     FROM messages
                    WHERE booking_id = value ->> '$.booking_id' AND due_at = value ->> '$.due_at'
                      AND kind = 'reminder' AND state <> 'superseded')
ON CONFLICT DO NOTHING
"""
SUPERSEDE_OLD = f"""
UPDATE messages
   SET state = 'superseded'
 WHERE booking_id = ?
   AND (kind = 'reminder' AND state IN ('pending', 'leased')
        OR state = 'dead' AND audience <> 'webhook' AND NOT {_STANDS})
"""
SUPERSEDE = "UPDATE messages SET state = 'superseded' WHERE id = ? AND state = 'pending'"

CALLS = "audience = 'webhook'"
MAILS = "audience <> 'webhook'"
"""Which messages a claim is of; webhook calls have an index of their own for it."""

MISS = """
UPDATE messages
   SET state = 'missed'
 WHERE expires_at <= :now
   AND id IN (SELECT id
                FROM messages
               WHERE state = 'pending' AND next_attempt_at <= :now
               ORDER BY next_attempt_at, id
               LIMIT 500)
"""
_CLAIM = """
UPDATE messages
   SET state = 'leased', leased_by = :owner, attempts = attempts + 1
 WHERE id IN (SELECT id
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
               ORDER BY next_attempt_at, id
               LIMIT :limit)
RETURNING *, (SELECT booking
                FROM events
               WHERE events.booking_id = messages.booking_id
                 AND events.version = messages.version) AS booking
"""
CLAIM = _CLAIM.format(which=MAILS)
CLAIM_CALLS = _CLAIM.format(which=CALLS)
SETTLE = """
UPDATE messages
   SET state = CASE
           WHEN state = 'superseded' AND :state <> 'sent' THEN state
           WHEN :state = 'pending' AND :next_attempt_at >= expires_at THEN 'missed'
           ELSE :state
       END,
       leased_by = NULL,
       attempts = attempts - :refund,
       next_attempt_at = coalesce(:next_attempt_at, next_attempt_at),
       last_error = :error,
       sent_at = :sent_at
 WHERE id = :id AND leased_by = :owner AND attempts = :attempt
"""
CONFIRMATION_SENT = "UPDATE bookings SET confirmation_sent = 1 WHERE id = ?"
REMINDER_SENT = "UPDATE bookings SET reminder_sent = 1 WHERE id = ? AND start_time = ?"

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
RETRY_DEAD = f"{_RETRY} AND state IN ('dead', 'missed') AND state = 'dead'"
KNOWN_MESSAGE = "SELECT 1 FROM messages WHERE id = ?"

_RELEASE = """
UPDATE messages
   SET state = 'pending', leased_by = NULL, attempts = attempts - 1
 WHERE state = 'leased' AND leased_by = ? AND {which}
"""
RELEASE = _RELEASE.format(which=MAILS)
RELEASE_CALLS = _RELEASE.format(which=CALLS)
FREE_ALL = "UPDATE messages SET state = 'pending', leased_by = NULL WHERE state = 'leased'"

SAVE_SERVICE = _save_version("services", Service)
SAVE_RESOURCE = _save_version("resources", Resource)
KNOWN_SERVICE = "SELECT 1 FROM services WHERE id = ?"
KNOWN_RESOURCE = "SELECT 1 FROM resources WHERE id = ?"
SAVE_KEY = f"""
{_save("api_keys", ApiKey, kept={"revoked_at", "last_used_at"})},
    revoked_at = coalesce(revoked_at, excluded.revoked_at)
"""
NOTE_USE = """
UPDATE api_keys
   SET last_used_at = :at
 WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :at)
"""

SAVE_WEBHOOK = _save_version("webhooks", Webhook)
KNOWN_WEBHOOK = "SELECT 1 FROM webhooks WHERE id = ?"
DELETE_WEBHOOK = "DELETE FROM webhooks WHERE id = ? AND version = ?"
_SUPERSEDE_CALLS = """
UPDATE messages
   SET state = 'superseded'
 WHERE recipient = ? AND audience = 'webhook' AND state IN ({states})
"""
SUPERSEDE_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased'")
SUPERSEDE_ALL_CALLS = _SUPERSEDE_CALLS.format(states="'pending', 'leased', 'dead'")
OWE_CALL = f"""
{OWE}
 WHERE EXISTS (SELECT 1 FROM webhooks WHERE id = value ->> '$.recipient' AND active)
"""
REPLAY = """
UPDATE messages
   SET state = CASE state WHEN 'leased' THEN state ELSE 'pending' END,
       attempts = CASE state WHEN 'leased' THEN attempts ELSE 0 END,
       next_attempt_at = :now
 WHERE id = :id AND recipient = :webhook AND audience = 'webhook'
RETURNING *
"""

OCCUPIED = """
SELECT occupied_start, occupied_end
  FROM bookings
 WHERE resource_id = :resource
   AND status IN ('PENDING', 'CONFIRMED')
   AND occupied_start < :end
   AND occupied_start >= coalesce(
           (SELECT occupied_start
              FROM bookings
             WHERE resource_id = :resource
               AND status IN ('PENDING', 'CONFIRMED')
               AND occupied_start <= :start
             ORDER BY occupied_start DESC
             LIMIT 1), '')
   AND occupied_end > :start
 ORDER BY occupied_start
"""
"""Ranges do not overlap, so only the last that starts before `:start` can reach into it."""

_LOST = "state IN ('dead', 'missed')"
"""The words of the index: SQLite does not see that one of the two is meant as well."""

OUTBOX = f"""
SELECT (SELECT count(*) FROM messages WHERE state = 'pending') AS pending,
       (SELECT count(*) FROM messages WHERE state = 'leased') AS leased,
       (SELECT count(*) FROM messages WHERE {_LOST} AND state = 'dead') AS dead,
       (SELECT count(*) FROM messages WHERE {_LOST} AND state = 'missed') AS missed,
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
