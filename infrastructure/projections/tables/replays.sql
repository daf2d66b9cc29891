CREATE TABLE IF NOT EXISTS {schema}.replays (
    position bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    source text NOT NULL,
    environment text NOT NULL,
    mode text NOT NULL,
    status text NOT NULL
);
CREATE INDEX IF NOT EXISTS replays_by_environment ON {schema}.replays (environment, position);
CREATE INDEX IF NOT EXISTS replays_open ON {schema}.replays (position) WHERE status IN ('queued', 'running')
