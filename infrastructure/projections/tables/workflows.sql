CREATE TABLE IF NOT EXISTS {schema}.workflows (
    environment text NOT NULL,
    key text COLLATE "C" NOT NULL,
    active boolean NOT NULL,
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
    updated_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_in_order ON {schema}.runs (environment, position_key);
CREATE INDEX IF NOT EXISTS runs_open ON {schema}.runs (environment, workflow, cancellation_key)
    WHERE cancellation_key IS NOT NULL AND status = 'queued'
