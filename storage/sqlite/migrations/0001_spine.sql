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

CREATE INDEX booking_live ON bookings (resource_id, occupied_start, occupied_end)
    WHERE status IN ('PENDING', 'CONFIRMED');
CREATE INDEX booking_by_start ON bookings (start_time, id);
CREATE INDEX booking_by_update ON bookings (updated_at, id);
CREATE INDEX booking_by_email ON bookings (lower(email), start_time, id);
CREATE INDEX booking_by_status ON bookings (status, start_time, id) WHERE status <> 'CONFIRMED';

-- Live bookings of a resource do not overlap. So of those that start before the new one ends, the
-- last to start is also the last to end, and it alone has to be looked at.
CREATE TRIGGER booking_no_overlap
BEFORE INSERT ON bookings
WHEN NEW.status IN ('PENDING', 'CONFIRMED')
BEGIN
    SELECT RAISE(ABORT, 'booking_no_overlap')
     WHERE (SELECT occupied_end
              FROM bookings
             WHERE resource_id = NEW.resource_id
               AND status IN ('PENDING', 'CONFIRMED')
               AND occupied_start < NEW.occupied_end
             ORDER BY occupied_start DESC
             LIMIT 1) > NEW.occupied_start;
END;

CREATE TRIGGER booking_no_overlap_on_update
BEFORE UPDATE OF resource_id, occupied_start, occupied_end, status ON bookings
WHEN NEW.status IN ('PENDING', 'CONFIRMED')
BEGIN
    SELECT RAISE(ABORT, 'booking_no_overlap')
     WHERE (SELECT occupied_end
              FROM bookings
             WHERE resource_id = NEW.resource_id
               AND status IN ('PENDING', 'CONFIRMED')
               AND occupied_start < NEW.occupied_end
               AND id <> NEW.id
             ORDER BY occupied_start DESC
             LIMIT 1) > NEW.occupied_start;
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
