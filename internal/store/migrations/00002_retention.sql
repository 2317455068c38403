-- +goose Up

-- How the body is kept: plain; zstd; gone, after its time was over.
ALTER TABLE events ADD COLUMN body_form TEXT NOT NULL DEFAULT 'plain';

-- What upkeep looks for.
CREATE INDEX events_bodies ON events (processed_at) WHERE status = 'processed' AND body_form <> 'gone';
CREATE INDEX events_received ON events (received_at, id);
CREATE INDEX tickets_over ON tickets (closed_at, id) WHERE state = 'closed' AND delivery = 'completed';
CREATE INDEX alerts_over ON alerts (last_at, id) WHERE status = 'resolved' AND held = 0 AND ticket_id IS NULL;

-- +goose Down
DROP INDEX alerts_over;
DROP INDEX tickets_over;
DROP INDEX events_received;
DROP INDEX events_bodies;
ALTER TABLE events DROP COLUMN body_form;
