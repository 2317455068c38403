-- +goose Up

-- How the ticket is to look and to live, as the routes decided: JSON of alert.Plan.
ALTER TABLE tickets ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE tickets DROP COLUMN plan;
