-- +goose Up

-- What was decided about an alert when it was looked at last, for those who
-- ask why: JSON of store.Decision.
ALTER TABLE alerts ADD COLUMN decision TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE alerts DROP COLUMN decision;
