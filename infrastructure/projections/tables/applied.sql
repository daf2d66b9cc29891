CREATE TABLE IF NOT EXISTS {schema}.applied (
    environment text NOT NULL,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (environment, collection, id)
)
