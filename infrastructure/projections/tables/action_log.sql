CREATE TABLE IF NOT EXISTS {schema}.action_logs (
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    source text NOT NULL,
    environment text NOT NULL,
    event_type text NOT NULL,
    mapping_id text NOT NULL,
    evaluation integer NOT NULL,
    action_type text NOT NULL,
    action_status text NOT NULL,
    error_code text,
    inserted_at timestamptz NOT NULL,
    PRIMARY KEY (stream, version)
);
-- Joined texts rather than columns side by side: the planner knows how often each occurs, and not only each part of it.
CREATE INDEX IF NOT EXISTS action_logs_in_order ON {schema}.action_logs (environment, inserted_at);
CREATE INDEX IF NOT EXISTS action_logs_of_source
    ON {schema}.action_logs (((environment || ' ' || source) COLLATE "C"), inserted_at);
CREATE INDEX IF NOT EXISTS action_logs_of_event_type
    ON {schema}.action_logs (((environment || ' ' || event_type) COLLATE "C"), inserted_at);
CREATE INDEX IF NOT EXISTS action_logs_of_action_type
    ON {schema}.action_logs (((environment || ' ' || action_type) COLLATE "C"), inserted_at);
CREATE INDEX IF NOT EXISTS action_logs_unusual_of_environment
    ON {schema}.action_logs (((environment || ' ' || action_status) COLLATE "C"), inserted_at)
    WHERE action_status <> 'success';
CREATE INDEX IF NOT EXISTS action_logs_unusual_of_source
    ON {schema}.action_logs (((environment || ' ' || source || ' ' || action_status) COLLATE "C"), inserted_at)
    WHERE action_status <> 'success';
DROP INDEX IF EXISTS {schema}.action_logs_by_type;
DROP INDEX IF EXISTS {schema}.action_logs_unusual
