CREATE TABLE IF NOT EXISTS {schema}.entity_changes (
    environment text NOT NULL,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    removes boolean NOT NULL,
    PRIMARY KEY (environment, collection, id, recorded_at, stream, version)
);
CREATE INDEX IF NOT EXISTS entity_changes_removals ON {schema}.entity_changes (environment, collection, id)
    WHERE removes
