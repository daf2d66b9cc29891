CREATE TABLE IF NOT EXISTS {schema}.precedents (
    scope bytea PRIMARY KEY,
    webhook_id text NOT NULL,
    received_at timestamptz NOT NULL,
    complete boolean NOT NULL,
    done text[] NOT NULL,
    body_digest text
)
