CREATE TABLE IF NOT EXISTS {schema}.accounting (
    environment text NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    outcome text NOT NULL,
    webhooks bigint NOT NULL,
    last_received_at timestamptz NOT NULL,
    PRIMARY KEY (environment, source, day, outcome)
)
