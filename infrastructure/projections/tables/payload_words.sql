CREATE TABLE IF NOT EXISTS {schema}.payload_words (
    stream text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    words text[] COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS payload_words_by_word ON {schema}.payload_words USING gin (words)
