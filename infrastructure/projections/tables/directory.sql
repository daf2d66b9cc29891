CREATE TABLE IF NOT EXISTS {schema}.entities (
    environment text NOT NULL,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    properties json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment, collection, id)
);
CREATE TABLE IF NOT EXISTS {schema}.subscriptions (
    environment text NOT NULL,
    collection text COLLATE "C" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    recipient_collection text COLLATE "C" NOT NULL,
    recipient_id text COLLATE "C" NOT NULL,
    properties json NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment, collection, object_id, recipient_collection, recipient_id)
);
CREATE INDEX IF NOT EXISTS subscriptions_by_recipient
    ON {schema}.subscriptions (environment, recipient_collection, recipient_id);
CREATE TABLE IF NOT EXISTS {schema}.audience_members (
    environment text NOT NULL,
    audience text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (environment, audience, user_id, tenant)
);
CREATE INDEX IF NOT EXISTS audience_members_by_user ON {schema}.audience_members (environment, user_id);
CREATE TABLE IF NOT EXISTS {schema}.audiences (
    environment text NOT NULL,
    key text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (environment, key)
)
