CREATE TABLE IF NOT EXISTS {schema}.action_logs (
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    source text NOT NULL,
    environment text NOT NULL,
    event_type text NOT NULL,
    mapping_id text NOT NULL,
    evaluation integer NOT NULL,
    action_type text NOT NULL,
    action_status text NOT NULL,
    error_code text,
    inserted_at timestamptz NOT NULL,
    PRIMARY KEY (stream, version)
);
CREATE INDEX IF NOT EXISTS action_logs_by_type ON {schema}.action_logs (environment, action_type, stream, version);
CREATE INDEX IF NOT EXISTS action_logs_unusual ON {schema}.action_logs (action_status, stream, version)
    WHERE action_status <> 'success'
