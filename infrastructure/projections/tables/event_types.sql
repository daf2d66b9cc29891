CREATE TABLE IF NOT EXISTS {schema}.event_types (
    environment text NOT NULL,
    source text NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    first_received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    last_webhook_id text NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (environment, source, event_type)
)
