-- Instants are text in UTC (2026-11-22T09:00:00+00:00) and sort by time. Where one has a fraction
-- of a second and another has none, a point meets a plus sign, which sorts before it.

CREATE TABLE services (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    description        TEXT,
    durations          TEXT NOT NULL,
    price              TEXT,
    colour             TEXT,
    buffer_before      INTEGER NOT NULL CHECK (buffer_before >= 0),
    buffer_after       INTEGER NOT NULL CHECK (buffer_after >= 0),
    slot_step          INTEGER CHECK (slot_step > 0),
    minimum_notice     INTEGER NOT NULL CHECK (minimum_notice >= 0),
    horizon            INTEGER CHECK (horizon > 0),
    daily_cap          INTEGER CHECK (daily_cap > 0),
    weekly_cap         INTEGER CHECK (weekly_cap > 0),
    capacity           INTEGER NOT NULL CHECK (capacity > 0),
    required_fields    TEXT,
    questions          TEXT NOT NULL,
    change_notice      INTEGER NOT NULL CHECK (change_notice >= 0),
    needs_confirmation INTEGER NOT NULL CHECK (needs_confirmation IN (0, 1)),
    reminders          TEXT,
    version            INTEGER NOT NULL,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    archived_at        TEXT
) STRICT;

CREATE TABLE resources (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    email       TEXT,
    time_zone   TEXT,
    service_ids TEXT NOT NULL,
    hours       TEXT,
    closures    TEXT NOT NULL,
    holidays    TEXT,
    version     INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    archived_at TEXT
) STRICT;

CREATE TABLE bookings (
    id                TEXT PRIMARY KEY,
    service_id        TEXT NOT NULL REFERENCES services (id),
    resource_id       TEXT NOT NULL REFERENCES resources (id),
    name              TEXT NOT NULL,
    email             TEXT NOT NULL,
    company           TEXT,
    phone             TEXT,
    inquiry           TEXT,
    answers           TEXT NOT NULL,
    time_zone         TEXT,
    locale            TEXT,
    start_time        TEXT NOT NULL,
    end_time          TEXT NOT NULL,
    occupied_start    TEXT NOT NULL,
    occupied_end      TEXT NOT NULL,
    status            TEXT NOT NULL
        CHECK (status IN ('PENDING', 'CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW')),
    sequence          INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    wall_time         TEXT,
    confirmation_sent INTEGER NOT NULL CHECK (confirmation_sent IN (0, 1)),
    reminder_sent     INTEGER NOT NULL CHECK (reminder_sent IN (0, 1)),
    CHECK (start_time < end_time),
    CHECK (occupied_start <= start_time AND end_time <= occupied_end)
) STRICT;

CREATE INDEX booking_by_start ON bookings (start_time, id);
CREATE INDEX booking_by_update ON bookings (updated_at, id);
CREATE INDEX booking_by_email ON bookings (lower(email), start_time, id);
CREATE INDEX booking_by_status ON bookings (status, start_time, id) WHERE status <> 'CONFIRMED';

CREATE TABLE holds (
    token_digest   TEXT PRIMARY KEY,
    service_id     TEXT NOT NULL REFERENCES services (id),
    resource_id    TEXT NOT NULL REFERENCES resources (id),
    start_time     TEXT NOT NULL,
    end_time       TEXT NOT NULL,
    occupied_start TEXT NOT NULL,
    occupied_end   TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    expires_at     TEXT NOT NULL,
    address_digest TEXT,
    extended       INTEGER NOT NULL CHECK (extended IN (0, 1)),
    CHECK (start_time < end_time),
    CHECK (occupied_start <= start_time AND end_time <= occupied_end)
) STRICT, WITHOUT ROWID;

CREATE INDEX hold_by_address ON holds (address_digest);
CREATE INDEX hold_by_expiry ON holds (expires_at);

-- What occupies a resource: bookings and holds of one service, from one start to one end. Instants
-- are microseconds since 1970. The occupied range is that of whoever came first.
CREATE TABLE sessions (
    resource_id    TEXT NOT NULL,
    occupied_start INTEGER NOT NULL,
    occupied_end   INTEGER NOT NULL,
    service_id     TEXT NOT NULL,
    start_time     INTEGER NOT NULL,
    end_time       INTEGER NOT NULL,
    taken          INTEGER NOT NULL CHECK (taken >= 0),
    PRIMARY KEY (resource_id, occupied_start),
    CHECK (occupied_start <= start_time AND start_time < end_time AND end_time <= occupied_end)
) STRICT, WITHOUT ROWID;

-- Sessions of a resource do not overlap. So of those that start before the new one ends, the last
-- to start is also the last to end, and it alone has to be looked at. If something is in the way,
-- there may be a seat in the session of the same slot, which is the one that lasts at its start.
CREATE TRIGGER booking_no_overlap
BEFORE INSERT ON sessions
BEGIN
    SELECT CASE
               WHEN (SELECT taken
                       FROM sessions
                      WHERE resource_id = NEW.resource_id
                        AND occupied_start = (SELECT max(occupied_start)
                                                FROM sessions
                                               WHERE resource_id = NEW.resource_id
                                                 AND occupied_start <= NEW.start_time)
                        AND service_id = NEW.service_id
                        AND start_time = NEW.start_time
                        AND end_time = NEW.end_time)
                  < (SELECT capacity FROM services WHERE id = NEW.service_id)
               THEN RAISE(IGNORE)
               ELSE RAISE(ABORT, 'booking_no_overlap')
           END
     WHERE (SELECT occupied_end
              FROM sessions
             WHERE resource_id = NEW.resource_id AND occupied_start < NEW.occupied_end
             ORDER BY occupied_start DESC
             LIMIT 1) > NEW.occupied_start;
END;

CREATE TRIGGER session_is_over
AFTER UPDATE OF taken ON sessions
WHEN NEW.taken = 0
BEGIN
    DELETE FROM sessions
     WHERE resource_id = NEW.resource_id AND occupied_start = NEW.occupied_start;
END;

-- Bookings and holds take a seat by a `change` of 1, and leave it by one of -1. Who takes one opens
-- a session, or joins the one that `booking_no_overlap` has found: then the INSERT changes nothing.
-- Instants in text become microseconds: the seconds, and the digits behind the point if there is one.
CREATE VIEW seats AS
SELECT NULL AS change, NULL AS service_id, NULL AS resource_id, NULL AS start_time,
       NULL AS end_time, NULL AS occupied_start, NULL AS occupied_end;

CREATE TRIGGER seat_is_taken
INSTEAD OF INSERT ON seats
WHEN NEW.change = 1
BEGIN
    INSERT INTO sessions
    VALUES (NEW.resource_id,
            unixepoch(substr(NEW.occupied_start, 1, 19)) * 1000000 + substr(NEW.occupied_start, 21, 6),
            unixepoch(substr(NEW.occupied_end, 1, 19)) * 1000000 + substr(NEW.occupied_end, 21, 6),
            NEW.service_id,
            unixepoch(substr(NEW.start_time, 1, 19)) * 1000000 + substr(NEW.start_time, 21, 6),
            unixepoch(substr(NEW.end_time, 1, 19)) * 1000000 + substr(NEW.end_time, 21, 6),
            1);
    UPDATE sessions
       SET taken = taken + 1
     WHERE changes() = 0
       AND resource_id = NEW.resource_id
       AND occupied_start = (
               SELECT max(occupied_start)
                 FROM sessions
                WHERE resource_id = NEW.resource_id
                  AND occupied_start
                   <= unixepoch(substr(NEW.start_time, 1, 19)) * 1000000 + substr(NEW.start_time, 21, 6))
       AND service_id = NEW.service_id
       AND start_time
         = unixepoch(substr(NEW.start_time, 1, 19)) * 1000000 + substr(NEW.start_time, 21, 6)
       AND end_time
         = unixepoch(substr(NEW.end_time, 1, 19)) * 1000000 + substr(NEW.end_time, 21, 6);
END;

CREATE TRIGGER seat_is_left
INSTEAD OF INSERT ON seats
WHEN NEW.change = -1
BEGIN
    UPDATE sessions
       SET taken = taken - 1
     WHERE resource_id = NEW.resource_id
       AND occupied_start = (
               SELECT max(occupied_start)
                 FROM sessions
                WHERE resource_id = NEW.resource_id
                  AND occupied_start
                   <= unixepoch(substr(NEW.start_time, 1, 19)) * 1000000 + substr(NEW.start_time, 21, 6))
       AND service_id = NEW.service_id
       AND start_time
         = unixepoch(substr(NEW.start_time, 1, 19)) * 1000000 + substr(NEW.start_time, 21, 6)
       AND end_time
         = unixepoch(substr(NEW.end_time, 1, 19)) * 1000000 + substr(NEW.end_time, 21, 6);
END;

CREATE TRIGGER booking_takes_seat
BEFORE INSERT ON bookings
WHEN NEW.status IN ('PENDING', 'CONFIRMED')
BEGIN
    INSERT INTO seats VALUES (1, NEW.service_id, NEW.resource_id, NEW.start_time,
                              NEW.end_time, NEW.occupied_start, NEW.occupied_end);
END;

CREATE TRIGGER booking_changes_seat
BEFORE UPDATE OF service_id, resource_id, start_time, end_time, occupied_start, occupied_end, status
ON bookings
WHEN (OLD.service_id, OLD.resource_id, OLD.start_time, OLD.end_time, OLD.occupied_start,
      OLD.occupied_end, OLD.status IN ('PENDING', 'CONFIRMED'))
  <> (NEW.service_id, NEW.resource_id, NEW.start_time, NEW.end_time, NEW.occupied_start,
      NEW.occupied_end, NEW.status IN ('PENDING', 'CONFIRMED'))
BEGIN
    INSERT INTO seats
    SELECT -1, OLD.service_id, OLD.resource_id, OLD.start_time, OLD.end_time, OLD.occupied_start,
           OLD.occupied_end
     WHERE OLD.status IN ('PENDING', 'CONFIRMED');
    INSERT INTO seats
    SELECT 1, NEW.service_id, NEW.resource_id, NEW.start_time, NEW.end_time, NEW.occupied_start,
           NEW.occupied_end
     WHERE NEW.status IN ('PENDING', 'CONFIRMED');
END;

CREATE TRIGGER booking_leaves_seat
AFTER DELETE ON bookings
WHEN OLD.status IN ('PENDING', 'CONFIRMED')
BEGIN
    INSERT INTO seats VALUES (-1, OLD.service_id, OLD.resource_id, OLD.start_time,
                              OLD.end_time, OLD.occupied_start, OLD.occupied_end);
END;

CREATE TRIGGER hold_takes_seat
BEFORE INSERT ON holds
BEGIN
    INSERT INTO seats VALUES (1, NEW.service_id, NEW.resource_id, NEW.start_time,
                              NEW.end_time, NEW.occupied_start, NEW.occupied_end);
END;

CREATE TRIGGER hold_leaves_seat
AFTER DELETE ON holds
BEGIN
    INSERT INTO seats VALUES (-1, OLD.service_id, OLD.resource_id, OLD.start_time,
                              OLD.end_time, OLD.occupied_start, OLD.occupied_end);
END;

CREATE TABLE events (
    booking_id TEXT NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    at         TEXT NOT NULL,
    kind       TEXT NOT NULL
        CHECK (kind IN ('placed', 'changed', 'confirmed', 'cancelled', 'completed', 'no_show',
                        'erased')),
    actor      TEXT NOT NULL,
    booking    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    service    TEXT,
    resource   TEXT,
    PRIMARY KEY (booking_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    booking_id  TEXT NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_key_by_age ON idempotency_keys (created_at);

CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    booking_id      TEXT,
    version         INTEGER,
    kind            TEXT NOT NULL
        CHECK (kind IN ('received', 'confirmed', 'changed', 'cancelled', 'reminder', 'placed',
                        'completed', 'no_show', 'test')),
    audience        TEXT NOT NULL CHECK (audience IN ('customer', 'admin', 'webhook')),
    recipient       TEXT NOT NULL,
    state           TEXT NOT NULL
        CHECK (state IN ('pending', 'leased', 'sent', 'dead', 'superseded', 'missed')),
    created_at      TEXT NOT NULL,
    due_at          TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    expires_at      TEXT,
    attempts        INTEGER NOT NULL,
    leased_by       INTEGER,
    last_error      TEXT,
    sent_at         TEXT,
    CHECK (state <> 'leased' OR leased_by IS NOT NULL),
    CHECK (booking_id IS NOT NULL AND version IS NOT NULL OR kind = 'test'),
    FOREIGN KEY (booking_id, version) REFERENCES events ON DELETE CASCADE
) STRICT;

CREATE INDEX message_pending ON messages (next_attempt_at) WHERE state = 'pending';
CREATE INDEX message_leased ON messages (leased_by) WHERE state = 'leased';
CREATE INDEX message_by_booking ON messages (booking_id);
CREATE INDEX message_lost ON messages (state) WHERE state IN ('dead', 'missed');
CREATE INDEX message_call ON messages (next_attempt_at)
    WHERE state = 'pending' AND audience = 'webhook';
CREATE INDEX message_by_webhook ON messages (recipient, id) WHERE audience = 'webhook';
CREATE UNIQUE INDEX message_one_reminder ON messages (booking_id, due_at)
    WHERE kind = 'reminder' AND state IN ('pending', 'leased');

CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL
        CHECK (scope IN ('publishable', 'read-only', 'operator', 'calendar', 'admin')),
    prefix       TEXT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    created_at   TEXT NOT NULL,
    origins      TEXT NOT NULL,
    expires_at   TEXT,
    revoked_at   TEXT,
    last_used_at TEXT
) STRICT;

CREATE TABLE secrets (
    name   TEXT PRIMARY KEY,
    secret TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    id          TEXT PRIMARY KEY,
    url         TEXT NOT NULL,
    description TEXT,
    events      TEXT NOT NULL,
    secret      TEXT NOT NULL,
    active      INTEGER NOT NULL CHECK (active IN (0, 1)),
    why_off     TEXT,
    old_secret  TEXT,
    old_secret_until TEXT,
    version     INTEGER NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;

INSERT INTO services (id, name, durations, buffer_before, buffer_after, minimum_notice, capacity,
                      questions, change_notice, needs_confirmation, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'Appointment', '[]', 0, 0, 0, 1, '[]', 0, 0, 1,
        '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');

INSERT INTO resources (id, name, service_ids, closures, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000002', 'Office', '[]', '[]', 1,
        '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
