CREATE TABLE IF NOT EXISTS {schema}.forwarding (environment text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS {schema}.forwards (
    id text COLLATE "C" PRIMARY KEY,
    position_key text COLLATE "C" NOT NULL,
    environment text NOT NULL,
    event_log_id text COLLATE "C" NOT NULL,
    mapping_id text NOT NULL,
    evaluation integer NOT NULL,
    action_type text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    last_status integer,
    answered_at timestamptz,
    error json,
    inserted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS forwards_in_order ON {schema}.forwards (environment, position_key);
CREATE INDEX IF NOT EXISTS forwards_by_webhook ON {schema}.forwards (event_log_id);
CREATE INDEX IF NOT EXISTS forwards_failed ON {schema}.forwards (environment, position_key) WHERE status = 'failed'
