-- +goose Up

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

-- Why a firing alert makes no ticket, and when it is looked at again; 0: not
-- before its next report.
ALTER TABLE alerts ADD COLUMN quiet_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN quiet_until BIGINT NOT NULL DEFAULT 0;
DROP INDEX alerts_over;
CREATE INDEX alerts_over ON alerts (last_at, id) WHERE (status = 'resolved' OR quiet_reason <> '') AND held = 0 AND ticket_id IS NULL;
CREATE INDEX alerts_quiet ON alerts (quiet_until, id) WHERE quiet_until > 0 AND status = 'firing';

-- +goose Down
DROP INDEX alerts_quiet;
DROP INDEX alerts_over;
CREATE INDEX alerts_over ON alerts (last_at, id) WHERE status = 'resolved' AND held = 0 AND ticket_id IS NULL;
ALTER TABLE alerts DROP COLUMN quiet_until;
ALTER TABLE alerts DROP COLUMN quiet_reason;
DROP TABLE silences;
