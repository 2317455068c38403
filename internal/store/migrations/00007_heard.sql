-- +goose Up

-- When a source, or a tenant by a source, was last heard of.
CREATE TABLE heard (
    source TEXT NOT NULL,
    tenant TEXT NOT NULL, -- canonical name; empty: the source itself
    at     BIGINT NOT NULL,
    silent BIGINT NOT NULL DEFAULT 0, -- its silence is reported
    PRIMARY KEY (source, tenant)
);

-- +goose Down
DROP TABLE heard;
