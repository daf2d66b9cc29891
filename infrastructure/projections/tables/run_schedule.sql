CREATE TABLE IF NOT EXISTS {schema}.run_schedule (
    run_id text COLLATE "C" PRIMARY KEY,
    due_at timestamptz NOT NULL,
    target text COLLATE "C" NOT NULL,
    cancelled_by text,
    leased_until timestamptz,
    leased_by bigint
);
CREATE INDEX IF NOT EXISTS run_schedule_due ON {schema}.run_schedule (target, due_at);
CREATE INDEX IF NOT EXISTS run_schedule_cancelled ON {schema}.run_schedule (run_id) WHERE cancelled_by IS NOT NULL
