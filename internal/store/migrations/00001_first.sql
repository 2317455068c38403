-- +goose Up

-- One schema for SQLite and PostgreSQL. SQLite takes any name for a type and
-- keeps what it is given, so the names are PostgreSQL's.
-- Times are unix milliseconds, UTC. JSON is text.

CREATE TABLE settings (
    name       TEXT PRIMARY KEY,
    value      BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE api_tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    hash       BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL DEFAULT 0 -- 0: never
);

-- The inbox: every body that a sender was answered 202 for, and the
-- unreadable ones in quarantine.
CREATE TABLE events (
    id              TEXT PRIMARY KEY,
    source          TEXT NOT NULL,
    kind            TEXT NOT NULL,
    received_at     BIGINT NOT NULL,
    body            BYTEA NOT NULL,
    idempotency_key TEXT, -- null: the sender gave none
    status          TEXT NOT NULL, -- pending, processed, quarantined
    error           TEXT NOT NULL DEFAULT '',
    note            TEXT NOT NULL DEFAULT '',
    processed_at    BIGINT NOT NULL DEFAULT 0,

    -- How the body is kept: plain; zstd; gone, after its time was over.
    body_form       TEXT NOT NULL DEFAULT 'plain'
);
CREATE UNIQUE INDEX events_idempotency ON events (source, idempotency_key);
CREATE INDEX events_pending ON events (id) WHERE status = 'pending';
CREATE INDEX events_status ON events (status, id);

-- Which domains belong to which tenant id, learned from bodies with both.
CREATE TABLE tenant_aliases (
    domain TEXT PRIMARY KEY,
    tenant TEXT NOT NULL
);

CREATE TABLE tickets (
    id            TEXT PRIMARY KEY,
    reference     TEXT NOT NULL UNIQUE,
    group_key     TEXT NOT NULL,
    source        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    client_id     BIGINT NOT NULL,
    site_id       BIGINT NOT NULL,
    home_key      TEXT NOT NULL DEFAULT '', -- group_key before a person moved it to another client or site
    ticket_type   BIGINT, -- null: the configured one
    priority      BIGINT, -- null: the configured one
    customer      TEXT NOT NULL,
    tenant_id     TEXT NOT NULL,
    tenant_domain TEXT NOT NULL,
    user_json     TEXT NOT NULL,
    topic         TEXT NOT NULL,
    severity      BIGINT NOT NULL,
    state         TEXT NOT NULL, -- pending: not in Halo yet; open; closed
    halo_id       BIGINT, -- null: not in Halo yet
    previous_id   TEXT NOT NULL DEFAULT '', -- the ticket that this one follows
    user_linked   BIGINT NOT NULL DEFAULT 0,
    sought        BIGINT NOT NULL DEFAULT 0, -- the sender's own ticket was looked for
    created_at    BIGINT NOT NULL,
    opened_at     BIGINT NOT NULL DEFAULT 0,
    closed_at     BIGINT NOT NULL DEFAULT 0,

    -- What Halo should show, and what it shows: seq counts the reports that
    -- touched the ticket, shown_seq those that Halo knows of.
    seq           BIGINT NOT NULL DEFAULT 0,
    shown_seq     BIGINT NOT NULL DEFAULT 0,
    noted_at      BIGINT NOT NULL DEFAULT 0,
    want_closed   BIGINT NOT NULL DEFAULT 0,
    want_check    BIGINT NOT NULL DEFAULT 0, -- something happened to Halo's ticket: read it

    -- The delivery: when it is due, who works on it, and how it went.
    delivery      TEXT NOT NULL, -- available, retryable, scheduled, completed, discarded, cancelled
    due_at        BIGINT NOT NULL DEFAULT 0,
    attempt       BIGINT NOT NULL DEFAULT 0,
    error_class   TEXT NOT NULL DEFAULT '',
    error         TEXT NOT NULL DEFAULT '',
    failed_since  BIGINT NOT NULL DEFAULT 0, -- first failure of the present trouble
    lease_owner   TEXT NOT NULL DEFAULT '',
    lease_until   BIGINT NOT NULL DEFAULT 0,
    begun         TEXT NOT NULL DEFAULT '', -- create, note, close: begun, and its outcome not known
    begun_at      BIGINT NOT NULL DEFAULT 0,
    begun_seq     BIGINT NOT NULL DEFAULT 0,

    -- How the ticket is to look and to live, as the routes decided: JSON of alert.Plan.
    plan          TEXT NOT NULL DEFAULT '{}',

    -- How a ticket ends, waits, and begins again.
    cleared_at    BIGINT NOT NULL DEFAULT 0, -- since when all its alerts are resolved
    news_at       BIGINT NOT NULL DEFAULT 0, -- first report that Halo does not show
    seen_seq      BIGINT NOT NULL DEFAULT 0, -- reports that came while Halo's ticket was surely open
    kept_seq      BIGINT NOT NULL DEFAULT 0, -- seq for which it was decided to leave the ticket open
    halo_status   BIGINT, -- right after the create; null: not known
    halo_agent    BIGINT,
    touched       BIGINT NOT NULL DEFAULT 0, -- a person surely worked on it
    closed_by     TEXT NOT NULL DEFAULT '', -- halert, person
    want_reopen   BIGINT NOT NULL DEFAULT 0,
    reopened_at   BIGINT NOT NULL DEFAULT 0,
    waits_for     TEXT NOT NULL DEFAULT '', -- delay, note, close: due_at is for that
    waits_until   BIGINT NOT NULL DEFAULT 0, -- due_at comes nearer to it step by step

    -- A storm ticket takes the new tickets of a customer who would get too many.
    storm_at      BIGINT NOT NULL DEFAULT 0, -- when the last new group came on it; 0: it is no storm ticket
    storm_within  BIGINT NOT NULL DEFAULT 0, -- milliseconds without a new group that end the storm
    storm_told    BIGINT NOT NULL DEFAULT 0 -- the storm_at for which Halo was told that the storm is over
);
CREATE UNIQUE INDEX tickets_open_group ON tickets (group_key) WHERE state <> 'closed';
CREATE INDEX tickets_open_home ON tickets (home_key) WHERE state <> 'closed';
CREATE INDEX tickets_group ON tickets (group_key, id);
CREATE INDEX tickets_due ON tickets (severity DESC, due_at) WHERE delivery IN ('available', 'retryable', 'scheduled');
CREATE INDEX tickets_state ON tickets (state, id);
CREATE INDEX tickets_halo ON tickets (halo_id);
CREATE INDEX tickets_delivery ON tickets (delivery, id);

-- The latest attempts at each ticket, for the person who looks into it. The
-- class is empty for those that went well.
CREATE TABLE attempts (
    id        TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    at        BIGINT NOT NULL,
    call      TEXT NOT NULL,
    class     TEXT NOT NULL,
    error     TEXT NOT NULL
);
CREATE INDEX attempts_ticket ON attempts (ticket_id, id);

CREATE TABLE alerts (
    id            TEXT PRIMARY KEY,
    dedup_key     TEXT NOT NULL UNIQUE,
    source        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    tenant        TEXT NOT NULL, -- the canonical name
    tenant_id     TEXT NOT NULL,
    tenant_domain TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    status        TEXT NOT NULL, -- firing, resolved
    severity      BIGINT NOT NULL,
    title         TEXT NOT NULL,
    topic         TEXT NOT NULL,
    finding       TEXT NOT NULL,
    grouping_wish TEXT NOT NULL,
    held          BIGINT NOT NULL DEFAULT 0,
    held_reason   TEXT NOT NULL DEFAULT '',
    client_id     BIGINT, -- null: no customer
    ticket_id     TEXT REFERENCES tickets (id),
    first_seq     BIGINT NOT NULL DEFAULT 0, -- the ticket's seq when the alert came on it
    last_seq      BIGINT NOT NULL DEFAULT 0, -- when it was last reported
    resolved_seq  BIGINT NOT NULL DEFAULT 0, -- when it was resolved; 0: firing
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    resolved_at   BIGINT NOT NULL DEFAULT 0,
    reports       BIGINT NOT NULL DEFAULT 1,

    -- How an alert ends that no sender ends.
    missed        BIGINT NOT NULL DEFAULT 0, -- whole result sets in a row that lacked it
    missing       BIGINT NOT NULL DEFAULT 0, -- how many resolve it, as in alert.Closing
    silent        BIGINT NOT NULL DEFAULT 0, -- milliseconds without a report that resolve it; 0: never
    resolved_why  TEXT NOT NULL DEFAULT '', -- empty: its sender said so

    -- Why a firing alert makes no ticket, and when it is looked at again; 0: not
    -- before its next report.
    quiet_reason  TEXT NOT NULL DEFAULT '',
    quiet_until   BIGINT NOT NULL DEFAULT 0,

    -- What was decided about an alert when it was looked at last, for those who
    -- ask why: JSON of store.Decision.
    decision      TEXT NOT NULL DEFAULT '{}',

    -- Why an alert is on a ticket that is not its group's own; empty: it is on its own.
    placed_why    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX alerts_ticket ON alerts (ticket_id, status);
CREATE INDEX alerts_held ON alerts (id) WHERE held = 1;
CREATE INDEX alerts_tenant ON alerts (tenant);
CREATE INDEX alerts_status ON alerts (status, id);

CREATE TABLE event_alerts (
    event_id  TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    alert_id  TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    ticket_id TEXT REFERENCES tickets (id), -- null: held, or nothing to tell
    seq       BIGINT NOT NULL, -- the ticket's seq that this report made
    PRIMARY KEY (event_id, alert_id)
);
CREATE INDEX event_alerts_alert ON event_alerts (alert_id);
CREATE INDEX event_alerts_ticket ON event_alerts (ticket_id, seq);

-- Calls made to Halo within the rolling window.
CREATE TABLE halo_calls (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE INDEX halo_calls_at ON halo_calls (at);
CREATE INDEX events_bodies ON events (processed_at) WHERE status = 'processed' AND body_form <> 'gone';
CREATE INDEX events_received ON events (received_at, id);
CREATE INDEX tickets_over ON tickets (closed_at, id) WHERE state = 'closed' AND delivery = 'completed';
CREATE INDEX alerts_silent ON alerts (last_at) WHERE status = 'firing' AND silent > 0;
CREATE INDEX alerts_set ON alerts (tenant, kind, status);

-- Silences that people made; those of the configuration stand in its file.
CREATE TABLE silences (
    id         TEXT PRIMARY KEY,
    dedup_key  TEXT NOT NULL DEFAULT '', -- of the one alert that is silenced; empty: the matchers say which
    matchers   TEXT NOT NULL DEFAULT '[]', -- JSON list
    reason     TEXT NOT NULL,
    author     TEXT NOT NULL,
    from_at    BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0 -- a person ended it before its time
);
CREATE INDEX silences_until ON silences (until_at);
CREATE INDEX alerts_over ON alerts (last_at, id) WHERE (status = 'resolved' OR quiet_reason <> '') AND held = 0 AND ticket_id IS NULL;
CREATE INDEX alerts_quiet ON alerts (quiet_until, id) WHERE quiet_until > 0 AND status = 'firing';

-- When a source, or a tenant by a source, was last heard of.
CREATE TABLE heard (
    source TEXT NOT NULL,
    tenant TEXT NOT NULL, -- canonical name; empty: the source itself
    at     BIGINT NOT NULL,
    silent BIGINT NOT NULL DEFAULT 0, -- its silence is reported
    PRIMARY KEY (source, tenant)
);
CREATE INDEX tickets_customer ON tickets (client_id, site_id, created_at);
CREATE INDEX tickets_storm ON tickets (client_id, site_id) WHERE storm_at > 0 AND state <> 'closed';

-- The groups whose alerts are on a storm ticket instead of one of their own.
CREATE TABLE storm_groups (
    ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    group_key TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (group_key, ticket_id)
);
CREATE INDEX storm_groups_ticket ON storm_groups (ticket_id);

-- +goose Down
DROP TABLE storm_groups;
DROP TABLE heard;
DROP TABLE silences;
DROP TABLE halo_calls;
DROP TABLE event_alerts;
DROP TABLE alerts;
DROP TABLE attempts;
DROP TABLE tickets;
DROP TABLE tenant_aliases;
DROP TABLE events;
DROP TABLE api_tokens;
DROP TABLE settings;
