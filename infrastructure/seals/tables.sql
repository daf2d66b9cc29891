CREATE TABLE IF NOT EXISTS {schema}.checkpoints (
    number bigint PRIMARY KEY,
    position bigint NOT NULL,
    events bigint NOT NULL,
    head text NOT NULL,
    previous text NOT NULL,
    at text NOT NULL,
    key_id text NOT NULL,
    back_to bigint,
    signature text NOT NULL,
    positions bytea NOT NULL,
    leaves bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS checkpoints_position ON {schema}.checkpoints (position);
CREATE INDEX IF NOT EXISTS checkpoints_restores ON {schema}.checkpoints (number) WHERE back_to IS NOT NULL;
CREATE TABLE IF NOT EXISTS {schema}.checkpoint_publications (
    place text PRIMARY KEY,
    number bigint NOT NULL,
    error text,
    at timestamptz NOT NULL
);
CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $BODY$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: what is on record is never changed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$BODY$;
CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.ledger_events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
