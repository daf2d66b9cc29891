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
-- Joined texts rather than columns side by side: the planner knows how often each occurs, and not only each part of it.
CREATE INDEX IF NOT EXISTS event_logs_by_environment ON {schema}.event_logs (environment, position);
CREATE INDEX IF NOT EXISTS event_logs_of_source
    ON {schema}.event_logs (((environment || ' ' || source) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_of_source_and_outcome
    ON {schema}.event_logs (((environment || ' ' || source || ' ' || outcome) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_of_source_and_type
    ON {schema}.event_logs (((environment || ' ' || source || ' ' || event_type) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_of_outcome
    ON {schema}.event_logs (((environment || ' ' || outcome) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_of_type
    ON {schema}.event_logs (((environment || ' ' || event_type) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_of_verification
    ON {schema}.event_logs (((environment || ' ' || verification_status) COLLATE "C"), position);
CREATE INDEX IF NOT EXISTS event_logs_by_key ON {schema}.event_logs (idempotency_key, position)
    WHERE idempotency_key IS NOT NULL;
DROP INDEX IF EXISTS {schema}.event_logs_unusual;
DROP INDEX IF EXISTS {schema}.event_logs_by_source;
DROP INDEX IF EXISTS {schema}.event_logs_by_type;
CREATE TABLE IF NOT EXISTS {schema}.event_log_times (
    block bigint PRIMARY KEY,
    earliest timestamptz NOT NULL,
    latest timestamptz NOT NULL
)
