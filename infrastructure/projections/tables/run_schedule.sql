CREATE TABLE IF NOT EXISTS {schema}.run_schedule (
    run_id text COLLATE "C" PRIMARY KEY,
    due_at timestamptz NOT NULL,
    target text COLLATE "C" NOT NULL,
    cancelled_by text,
    place text COLLATE "C",
    touches text[],
    leased_until timestamptz,
    leased_by bigint
);
CREATE INDEX IF NOT EXISTS run_schedule_runs ON {schema}.run_schedule (target, due_at) WHERE place IS NULL;
CREATE INDEX IF NOT EXISTS run_schedule_forwards ON {schema}.run_schedule (target, place) WHERE place IS NOT NULL;
CREATE INDEX IF NOT EXISTS run_schedule_leased ON {schema}.run_schedule (leased_by) WHERE leased_by IS NOT NULL;
CREATE INDEX IF NOT EXISTS run_schedule_cancelled ON {schema}.run_schedule (run_id) WHERE cancelled_by IS NOT NULL
