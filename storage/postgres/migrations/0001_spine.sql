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
    CHECK (occupied_start <= start_time AND end_time <= occupied_end)
);

CREATE INDEX booking_by_start ON bookings (start_time, id);
CREATE INDEX booking_by_update ON bookings (updated_at, id);
CREATE INDEX booking_by_email ON bookings (lower(email COLLATE "C"), start_time, id);
CREATE INDEX booking_by_status ON bookings (status, start_time, id) WHERE status <> 'CONFIRMED';

CREATE TABLE holds (
    token_digest   TEXT PRIMARY KEY,
    service_id     UUID NOT NULL REFERENCES services (id),
    resource_id    UUID NOT NULL REFERENCES resources (id),
    start_time     TIMESTAMPTZ NOT NULL,
    end_time       TIMESTAMPTZ NOT NULL,
    occupied_start TIMESTAMPTZ NOT NULL,
    occupied_end   TIMESTAMPTZ NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ NOT NULL,
    address_digest TEXT,
    extended       BOOLEAN NOT NULL,
    CHECK (start_time < end_time),
    CHECK (occupied_start <= start_time AND end_time <= occupied_end)
);

CREATE INDEX hold_by_address ON holds (address_digest);
CREATE INDEX hold_by_expiry ON holds (expires_at);

-- What occupies a resource: bookings and holds of one service, from one start to one end. Instants
-- are microseconds since 1970. The occupied range is that of whoever came first. The two ranges say
-- the same as the columns before them: an index of expressions would cost each new row more. In it
-- the times come first, because so the page for a new row is found in half the time.
CREATE TABLE sessions (
    resource_id    UUID NOT NULL,
    occupied_start BIGINT NOT NULL,
    occupied_end   BIGINT NOT NULL,
    service_id     UUID NOT NULL,
    start_time     BIGINT NOT NULL,
    end_time       BIGINT NOT NULL,
    taken          INTEGER NOT NULL CHECK (taken >= 0),
    occupied_range INT8RANGE NOT NULL,
    resource_range UUID_RANGE NOT NULL,
    PRIMARY KEY (resource_id, occupied_start) INCLUDE (occupied_end),
    CHECK (occupied_start <= start_time AND start_time < end_time AND end_time <= occupied_end),
    CONSTRAINT booking_no_overlap
        EXCLUDE USING gist (occupied_range WITH &&, resource_range WITH &&)
);

CREATE FUNCTION microseconds(instant TIMESTAMPTZ) RETURNS BIGINT
LANGUAGE sql STABLE
RETURN (extract(epoch FROM instant) * 1000000)::bigint;

-- What lasts at an instant is what began last before it.
CREATE FUNCTION session_at(resource UUID, instant TIMESTAMPTZ) RETURNS BIGINT
LANGUAGE sql STABLE
RETURN (SELECT max(occupied_start)
          FROM sessions
         WHERE resource_id = resource AND occupied_start <= microseconds(instant));

-- Bookings and holds take a seat in a session that they open, or else in that of the same slot,
-- which is the one that lasts at its start. Who waited for another transaction may find the way
-- free by then, or a seat, and looks again.
CREATE FUNCTION take_seat(service UUID, resource UUID, starts TIMESTAMPTZ, ends TIMESTAMPTZ,
                          occupied_from TIMESTAMPTZ, occupied_until TIMESTAMPTZ)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    start  CONSTANT BIGINT := microseconds(starts);
    finish CONSTANT BIGINT := microseconds(ends);
    before CONSTANT BIGINT := microseconds(occupied_from);
    behind CONSTANT BIGINT := microseconds(occupied_until);
    seats  INTEGER;
BEGIN
    LOOP
        INSERT INTO sessions
        VALUES (resource, before, behind, service, start, finish, 1,
                int8range(before, behind), uuid_range(resource, resource, '[]'))
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN true;
        END IF;

        seats := coalesce((SELECT capacity FROM services WHERE id = service), 0);
        UPDATE sessions
           SET taken = taken + 1
         WHERE resource_id = resource
           AND occupied_start = (SELECT max(occupied_start)
                                   FROM sessions
                                  WHERE resource_id = resource AND occupied_start <= start)
           AND service_id = service
           AND start_time = start
           AND end_time = finish
           AND taken < seats;
        IF FOUND THEN
            RETURN true;
        END IF;

        PERFORM 1
           FROM sessions
          WHERE occupied_range && int8range(before, behind)
            AND resource_range && uuid_range(resource, resource, '[]')
            AND NOT (service_id = service AND start_time = start AND end_time = finish
                     AND taken < seats);
        IF FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
END $$;

-- The last to leave ends the session.
CREATE FUNCTION leave_seat(service UUID, resource UUID, starts TIMESTAMPTZ, ends TIMESTAMPTZ)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    start  CONSTANT BIGINT := microseconds(starts);
    finish CONSTANT BIGINT := microseconds(ends);
    there  TID;
BEGIN
    UPDATE sessions
       SET taken = taken - 1
     WHERE resource_id = resource
       AND occupied_start = (SELECT max(occupied_start)
                               FROM sessions
                              WHERE resource_id = resource AND occupied_start <= start)
       AND service_id = service
       AND start_time = start
       AND end_time = finish
    RETURNING ctid INTO there;
    DELETE FROM sessions WHERE ctid = there AND taken = 0;
END $$;

-- Who finds no seat is left out, so that many can be placed by one statement.
CREATE FUNCTION seat_for_new() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF take_seat(NEW.service_id, NEW.resource_id, NEW.start_time, NEW.end_time,
                 NEW.occupied_start, NEW.occupied_end) THEN
        RETURN NEW;
    END IF;
    RETURN NULL;
END $$;

-- Whoever moves the other way gets the two sessions in the same order, so that one waits for the
-- other, and not each for the other.
CREATE FUNCTION seat_for_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1
       FROM sessions
      WHERE (resource_id, occupied_start) IN (
                (OLD.resource_id, session_at(OLD.resource_id, OLD.start_time)),
                (NEW.resource_id, session_at(NEW.resource_id, NEW.start_time)))
      ORDER BY resource_id, occupied_start
        FOR UPDATE;
    IF OLD.status IN ('PENDING', 'CONFIRMED') THEN
        PERFORM leave_seat(OLD.service_id, OLD.resource_id, OLD.start_time, OLD.end_time);
    END IF;
    IF NEW.status IN ('PENDING', 'CONFIRMED')
       AND NOT take_seat(NEW.service_id, NEW.resource_id, NEW.start_time, NEW.end_time,
                         NEW.occupied_start, NEW.occupied_end) THEN
        RAISE exclusion_violation
        USING MESSAGE = 'conflicts with booking_no_overlap', CONSTRAINT = 'booking_no_overlap';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION seat_of_gone() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM leave_seat(OLD.service_id, OLD.resource_id, OLD.start_time, OLD.end_time);
    RETURN NULL;
END $$;

CREATE TRIGGER booking_takes_seat
BEFORE INSERT ON bookings FOR EACH ROW
WHEN (NEW.status IN ('PENDING', 'CONFIRMED'))
EXECUTE FUNCTION seat_for_new();

CREATE TRIGGER booking_changes_seat
BEFORE UPDATE OF service_id, resource_id, start_time, end_time, occupied_start, occupied_end, status
ON bookings FOR EACH ROW
WHEN ((OLD.service_id, OLD.resource_id, OLD.start_time, OLD.end_time, OLD.occupied_start,
       OLD.occupied_end, OLD.status IN ('PENDING', 'CONFIRMED'))
   <> (NEW.service_id, NEW.resource_id, NEW.start_time, NEW.end_time, NEW.occupied_start,
       NEW.occupied_end, NEW.status IN ('PENDING', 'CONFIRMED')))
EXECUTE FUNCTION seat_for_changed();

CREATE TRIGGER booking_leaves_seat
AFTER DELETE ON bookings FOR EACH ROW
WHEN (OLD.status IN ('PENDING', 'CONFIRMED'))
EXECUTE FUNCTION seat_of_gone();

CREATE TRIGGER hold_takes_seat
BEFORE INSERT ON holds FOR EACH ROW
EXECUTE FUNCTION seat_for_new();

CREATE TRIGGER hold_leaves_seat
AFTER DELETE ON holds FOR EACH ROW
EXECUTE FUNCTION seat_of_gone();

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
    old_secret  TEXT,
    old_secret_until TIMESTAMPTZ,
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
