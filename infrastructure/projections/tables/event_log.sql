CREATE TABLE IF NOT EXISTS {schema}.event_logs (
    position bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    source text NOT NULL,
    environment text NOT NULL,
    event_type text,
    received_at timestamptz NOT NULL,
    occurred_at timestamptz,
    configuration_version integer NOT NULL,
    verification_status text,
    idempotency_outcome text,
    idempotency_key text,
    original_id text,
    outcome text NOT NULL,
    error json,
    actions_count integer NOT NULL,
    evaluations integer NOT NULL,
    origin text
);
CREATE INDEX IF NOT EXISTS event_logs_by_source ON {schema}.event_logs (environment, source, position);
CREATE INDEX IF NOT EXISTS event_logs_by_type ON {schema}.event_logs (environment, event_type, position);
CREATE INDEX IF NOT EXISTS event_logs_by_key ON {schema}.event_logs (idempotency_key, position)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_logs_unusual ON {schema}.event_logs (outcome, position)
    WHERE outcome <> 'executed'
