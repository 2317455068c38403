-- +goose Up

-- A storm ticket takes the new tickets of a customer who would get too many.
ALTER TABLE tickets ADD COLUMN storm_at BIGINT NOT NULL DEFAULT 0; -- when the last new group came on it; 0: it is no storm ticket
ALTER TABLE tickets ADD COLUMN storm_within BIGINT NOT NULL DEFAULT 0; -- milliseconds without a new group that end the storm
ALTER TABLE tickets ADD COLUMN storm_told BIGINT NOT NULL DEFAULT 0; -- the storm_at for which Halo was told that the storm is over
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

-- Why an alert is on a ticket that is not its group's own; empty: it is on its own.
ALTER TABLE alerts ADD COLUMN placed_why TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE alerts DROP COLUMN placed_why;
DROP TABLE storm_groups;
DROP INDEX tickets_storm;
DROP INDEX tickets_customer;
ALTER TABLE tickets DROP COLUMN storm_told;
ALTER TABLE tickets DROP COLUMN storm_within;
ALTER TABLE tickets DROP COLUMN storm_at;
