-- +goose Up

-- How an alert ends that no sender ends.
ALTER TABLE alerts ADD COLUMN missed BIGINT NOT NULL DEFAULT 0; -- whole result sets in a row that lacked it
ALTER TABLE alerts ADD COLUMN missing BIGINT NOT NULL DEFAULT 0; -- how many resolve it, as in alert.Closing
ALTER TABLE alerts ADD COLUMN silent BIGINT NOT NULL DEFAULT 0; -- milliseconds without a report that resolve it; 0: never
ALTER TABLE alerts ADD COLUMN resolved_why TEXT NOT NULL DEFAULT ''; -- empty: its sender said so
CREATE INDEX alerts_silent ON alerts (last_at) WHERE status = 'firing' AND silent > 0;
CREATE INDEX alerts_set ON alerts (tenant, kind, status);

-- How a ticket ends, waits, and begins again.
ALTER TABLE tickets ADD COLUMN cleared_at BIGINT NOT NULL DEFAULT 0; -- since when all its alerts are resolved
ALTER TABLE tickets ADD COLUMN news_at BIGINT NOT NULL DEFAULT 0; -- first report that Halo does not show
ALTER TABLE tickets ADD COLUMN seen_seq BIGINT NOT NULL DEFAULT 0; -- reports that came while Halo's ticket was surely open
ALTER TABLE tickets ADD COLUMN kept_seq BIGINT NOT NULL DEFAULT 0; -- seq for which it was decided to leave the ticket open
ALTER TABLE tickets ADD COLUMN halo_status BIGINT; -- right after the create; null: not known
ALTER TABLE tickets ADD COLUMN halo_agent BIGINT;
ALTER TABLE tickets ADD COLUMN touched BIGINT NOT NULL DEFAULT 0; -- a person surely worked on it
ALTER TABLE tickets ADD COLUMN closed_by TEXT NOT NULL DEFAULT ''; -- halert, person
ALTER TABLE tickets ADD COLUMN want_reopen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN reopened_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN waits_for TEXT NOT NULL DEFAULT ''; -- delay, note, close: due_at is for that
ALTER TABLE tickets ADD COLUMN waits_until BIGINT NOT NULL DEFAULT 0; -- due_at comes nearer to it step by step

-- +goose Down
ALTER TABLE tickets DROP COLUMN waits_until;
ALTER TABLE tickets DROP COLUMN waits_for;
ALTER TABLE tickets DROP COLUMN reopened_at;
ALTER TABLE tickets DROP COLUMN want_reopen;
ALTER TABLE tickets DROP COLUMN closed_by;
ALTER TABLE tickets DROP COLUMN touched;
ALTER TABLE tickets DROP COLUMN halo_agent;
ALTER TABLE tickets DROP COLUMN halo_status;
ALTER TABLE tickets DROP COLUMN kept_seq;
ALTER TABLE tickets DROP COLUMN seen_seq;
ALTER TABLE tickets DROP COLUMN news_at;
ALTER TABLE tickets DROP COLUMN cleared_at;
DROP INDEX alerts_set;
DROP INDEX alerts_silent;
ALTER TABLE alerts DROP COLUMN resolved_why;
ALTER TABLE alerts DROP COLUMN silent;
ALTER TABLE alerts DROP COLUMN missing;
ALTER TABLE alerts DROP COLUMN missed;
