CREATE TABLE IF NOT EXISTS {schema}.replay_results (
    replay_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    evaluations integer NOT NULL,
    changed boolean,
    kinds text NOT NULL DEFAULT '',
    changes json,
    due text NOT NULL DEFAULT '',
    carried text NOT NULL DEFAULT '',
    releases boolean NOT NULL DEFAULT false,
    applied boolean,
    PRIMARY KEY (replay_id, position)
);
CREATE INDEX IF NOT EXISTS replay_results_of_webhooks ON {schema}.replay_results (webhook_id, replay_id);
CREATE INDEX IF NOT EXISTS replay_results_changed ON {schema}.replay_results (replay_id, position) WHERE changed
