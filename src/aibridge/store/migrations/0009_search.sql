-- Text search: the words of each ended interception, in an index of words. Only adds, and reads nothing that is there: an
-- existing record is indexed afterwards, in the background, newest first (aibridge_search_backlog says how far that is).

CREATE FUNCTION aibridge_words(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(CASE
        WHEN w ~ '[^ ]{101}|[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]'
        THEN regexp_replace(
            regexp_replace(
                regexp_replace(
                    w, '([\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g'
                ),
                ' +', ' ', 'g'
            ),
            '([^ ]{100})[^ ]+', '\1', 'g'
        )
        ELSE w END, ' ')
    FROM regexp_replace(
        lower(said),
        '['
            '\u0001-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7'
            '\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965'
            '\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f'
            '\ue000-\uf8ff\ufe00-\ufe1f\ufe30-\ufe6f\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff'
            '\U0001f000-\U0001faff\U000e0000-\U000e0fff'
        ']+',
        ' ', 'g'
    ) AS w
$$;

CREATE TABLE aibridge_search (
    interception_id uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    started_at      timestamptz NOT NULL,
    combination     bigint      NOT NULL,
    session         bigint      NOT NULL,
    words           text        NOT NULL,
    CONSTRAINT aibridge_search_pkey PRIMARY KEY (interception_id, initiator_id)
) WITH (toast_tuple_target = 128, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

CREATE INDEX aibridge_search_words ON aibridge_search
    USING gin (array_to_tsvector(string_to_array(btrim(words, ' '), ' ')));
CREATE INDEX aibridge_search_newest ON aibridge_search (started_at DESC, interception_id DESC);

CREATE TABLE aibridge_search_queue (
    interception_id uuid NOT NULL,
    initiator_id    uuid NOT NULL,
    CONSTRAINT aibridge_search_queue_pkey PRIMARY KEY (interception_id, initiator_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE aibridge_search_backlog (
    id              boolean     NOT NULL,
    started_at      timestamptz NOT NULL,
    interception_id uuid        NOT NULL,
    CONSTRAINT aibridge_search_backlog_pkey PRIMARY KEY (id),
    CONSTRAINT aibridge_search_backlog_id_check CHECK (id)
);

INSERT INTO aibridge_search_backlog (id, started_at, interception_id)
SELECT true, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'
WHERE EXISTS (SELECT FROM aibridge_interceptions);
