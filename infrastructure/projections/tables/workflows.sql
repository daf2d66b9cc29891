CREATE TABLE IF NOT EXISTS {schema}.workflows (
    environment text NOT NULL,
    key text COLLATE "C" NOT NULL,
    active boolean NOT NULL,
    version bigint NOT NULL,
    steps boolean NOT NULL,
    trigger_data_schema json,
    PRIMARY KEY (environment, key)
);
CREATE TABLE IF NOT EXISTS {schema}.runs (
    id text COLLATE "C" PRIMARY KEY,
    position_key text COLLATE "C" NOT NULL,
    workflow_run_id text NOT NULL,
    environment text NOT NULL,
    workflow text NOT NULL,
    recipient_collection text NOT NULL,
    recipient_id text NOT NULL,
    actor json,
    tenant text,
    cancellation_key text,
    event_log_id text NOT NULL,
    status text NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    trigger_source text NOT NULL,
    error_count integer NOT NULL DEFAULT 0,
    error json
);
CREATE INDEX IF NOT EXISTS runs_in_order ON {schema}.runs (environment, position_key);
CREATE INDEX IF NOT EXISTS runs_by_key ON {schema}.runs (environment, workflow, cancellation_key)
    WHERE cancellation_key IS NOT NULL AND status IN ('queued', 'processing', 'paused');
DROP INDEX IF EXISTS {schema}.runs_open;
CREATE INDEX IF NOT EXISTS runs_failed ON {schema}.runs (environment, position_key) WHERE status = 'failed'
