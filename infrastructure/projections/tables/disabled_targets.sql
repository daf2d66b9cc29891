CREATE TABLE IF NOT EXISTS {schema}.disabled_targets (
    environment text NOT NULL,
    id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    url text NOT NULL,
    run_id text NOT NULL,
    disabled_at timestamptz NOT NULL,
    PRIMARY KEY (environment, id)
);
CREATE INDEX IF NOT EXISTS disabled_targets_in_order ON {schema}.disabled_targets (environment, position)
