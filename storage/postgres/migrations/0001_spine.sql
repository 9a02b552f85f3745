-- A range of one id lets an exclusion constraint compare ids for equality without btree_gist,
-- which is an extension and not everywhere.
CREATE TYPE uuid_range AS RANGE (subtype = uuid);

CREATE TABLE services (
    id                 UUID PRIMARY KEY,
    name               TEXT NOT NULL,
    description        TEXT,
    durations          JSON NOT NULL,
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
    required_fields    JSON,
    questions          JSON NOT NULL,
    change_notice      INTEGER NOT NULL CHECK (change_notice >= 0),
    needs_confirmation BOOLEAN NOT NULL,
    reminders          JSON,
    version            INTEGER NOT NULL,
    created_at         TIMESTAMPTZ NOT NULL,
    updated_at         TIMESTAMPTZ NOT NULL,
    archived_at        TIMESTAMPTZ
);

CREATE TABLE resources (
    id          UUID PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    email       TEXT,
    time_zone   TEXT,
    service_ids JSON NOT NULL,
    hours       JSON,
    closures    JSON NOT NULL,
    holidays    TEXT,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ
);

CREATE TABLE bookings (
    id                UUID PRIMARY KEY,
    service_id        UUID NOT NULL REFERENCES services (id),
    resource_id       UUID NOT NULL REFERENCES resources (id),
    name              TEXT NOT NULL,
    email             TEXT NOT NULL,
    company           TEXT,
    phone             TEXT,
    inquiry           TEXT,
    answers           JSON NOT NULL,
    time_zone         TEXT,
    locale            TEXT,
    start_time        TIMESTAMPTZ NOT NULL,
    end_time          TIMESTAMPTZ NOT NULL,
    occupied_start    TIMESTAMPTZ NOT NULL,
    occupied_end      TIMESTAMPTZ NOT NULL,
    status            TEXT NOT NULL
        CHECK (status IN ('PENDING', 'CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW')),
    sequence          INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    updated_at        TIMESTAMPTZ NOT NULL,
    wall_time         TEXT,
    confirmation_sent BOOLEAN NOT NULL,
    reminder_sent     BOOLEAN NOT NULL,
    CHECK (start_time < end_time),
    CHECK (occupied_start <= start_time AND end_time <= occupied_end),
    CONSTRAINT booking_no_overlap EXCLUDE USING gist (
        uuid_range(resource_id, resource_id, '[]') WITH &&,
        tstzrange(occupied_start, occupied_end) WITH &&
    ) WHERE (status IN ('PENDING', 'CONFIRMED'))
);

CREATE INDEX booking_by_start ON bookings (start_time, id);
CREATE INDEX booking_by_update ON bookings (updated_at, id);
CREATE INDEX booking_by_email ON bookings (lower(email COLLATE "C"), start_time, id);
CREATE INDEX booking_by_status ON bookings (status, start_time, id) WHERE status <> 'CONFIRMED';

CREATE TABLE events (
    booking_id UUID NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    kind       TEXT NOT NULL
        CHECK (kind IN ('placed', 'changed', 'confirmed', 'cancelled', 'completed', 'no_show',
                        'erased')),
    actor      TEXT NOT NULL,
    booking    JSON NOT NULL,
    detail     JSON NOT NULL,
    service    TEXT,
    resource   TEXT,
    PRIMARY KEY (booking_id, version)
);

CREATE TABLE idempotency_keys (
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    booking_id  UUID NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    created_at  TIMESTAMPTZ NOT NULL,
    CONSTRAINT idempotency_key_once PRIMARY KEY (caller, key)
);

CREATE INDEX idempotency_key_by_age ON idempotency_keys (created_at);

CREATE TABLE messages (
    id              UUID PRIMARY KEY,
    booking_id      UUID,
    version         INTEGER,
    kind            TEXT NOT NULL
        CHECK (kind IN ('received', 'confirmed', 'changed', 'cancelled', 'reminder', 'placed',
                        'completed', 'no_show', 'test')),
    audience        TEXT NOT NULL CHECK (audience IN ('customer', 'admin', 'webhook')),
    recipient       TEXT NOT NULL,
    state           TEXT NOT NULL
        CHECK (state IN ('pending', 'leased', 'sent', 'dead', 'superseded', 'missed')),
    created_at      TIMESTAMPTZ NOT NULL,
    due_at          TIMESTAMPTZ NOT NULL,
    next_attempt_at TIMESTAMPTZ NOT NULL,
    expires_at      TIMESTAMPTZ,
    attempts        INTEGER NOT NULL,
    leased_by       INTEGER,
    last_error      TEXT,
    sent_at         TIMESTAMPTZ,
    CHECK (state <> 'leased' OR leased_by IS NOT NULL),
    CHECK (booking_id IS NOT NULL AND version IS NOT NULL OR kind = 'test'),
    FOREIGN KEY (booking_id, version) REFERENCES events ON DELETE CASCADE
);

CREATE INDEX message_pending ON messages (next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX message_leased ON messages (leased_by) WHERE state = 'leased';
CREATE INDEX message_by_booking ON messages (booking_id);
CREATE INDEX message_lost ON messages (state) WHERE state IN ('dead', 'missed');
CREATE INDEX message_call ON messages (next_attempt_at, id)
    WHERE state = 'pending' AND audience = 'webhook';
CREATE INDEX message_by_webhook ON messages (recipient, id) WHERE audience = 'webhook';
CREATE UNIQUE INDEX message_one_reminder ON messages (booking_id, due_at)
    WHERE kind = 'reminder' AND state IN ('pending', 'leased');

CREATE TABLE api_keys (
    id           UUID PRIMARY KEY,
    name         TEXT NOT NULL,
    scope        TEXT NOT NULL
        CHECK (scope IN ('publishable', 'read-only', 'operator', 'calendar', 'admin')),
    prefix       TEXT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    created_at   TIMESTAMPTZ NOT NULL,
    origins      JSON NOT NULL,
    expires_at   TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ
);

CREATE TABLE secrets (
    name   TEXT PRIMARY KEY,
    secret TEXT NOT NULL
);

CREATE TABLE webhooks (
    id          UUID PRIMARY KEY,
    url         TEXT NOT NULL,
    description TEXT,
    events      JSON NOT NULL,
    secret      TEXT NOT NULL,
    active      BOOLEAN NOT NULL,
    why_off     TEXT,
    version     INTEGER NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

INSERT INTO services (id, name, durations, buffer_before, buffer_after, minimum_notice, capacity,
                      questions, change_notice, needs_confirmation, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'Appointment', '[]', 0, 0, 0, 1, '[]', 0, false, 1,
        '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00');

INSERT INTO resources (id, name, service_ids, closures, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000002', 'Office', '[]', '[]', 1,
        '2026-01-01T00:00:00.000000+00:00', '2026-01-01T00:00:00.000000+00:00');
