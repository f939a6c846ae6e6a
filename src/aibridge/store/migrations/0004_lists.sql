-- What the lists need to answer at once, whatever the size of the record.
--
-- A filter names values; few distinct combinations of values ever occur. So each ended interception carries the hash of its
-- combination, a dictionary says what each hash stands for, and a filter becomes a handful of hashes. A session holds the set
-- of its combinations, and few distinct sets occur too: the set's hash stands in the index that orders the sessions, so that
-- a page and its exact total are a walk through that index alone. Totals of interceptions are kept as counts.
--
-- Session ids are compared by bytes (COLLATE "C"): cheaper, and the same order on every server.

ALTER TABLE aibridge_interceptions
    ADD COLUMN combination bigint NOT NULL GENERATED ALWAYS AS (
        hashtextextended(
            provider || E'\x1f' || provider_name || E'\x1f' || model || E'\x1f' || client || E'\x1f'
                || coalesce(outcome, '') || E'\x1f' || coalesce(error_type, '') || E'\x1f'
                || credential_kind || E'\x1f' || credential_type,
            0
        )
    ) STORED,
    ALTER COLUMN session_id TYPE text COLLATE "C";

DROP INDEX aibridge_interceptions_newest;
CREATE INDEX aibridge_interceptions_newest ON aibridge_interceptions (started_at DESC, id DESC) INCLUDE (combination)
    WHERE ended_at IS NOT NULL;
DROP INDEX aibridge_interceptions_by_initiator;
CREATE INDEX aibridge_interceptions_by_initiator ON aibridge_interceptions (initiator_id, started_at DESC, id DESC)
    INCLUDE (combination) WHERE ended_at IS NOT NULL;
CREATE INDEX aibridge_interceptions_combination ON aibridge_interceptions (combination, started_at DESC, id DESC)
    WHERE ended_at IS NOT NULL;

CREATE INDEX aibridge_tool_usages_tool ON aibridge_tool_usages (tool, initiator_id, interception_id);

CREATE TABLE aibridge_combinations (
    id              bigint NOT NULL,
    provider        text   NOT NULL,
    provider_name   text   COLLATE "C" NOT NULL,
    model           text   COLLATE "C" NOT NULL,
    client          text   COLLATE "C" NOT NULL,
    outcome         text   NOT NULL,
    error_type      text   NOT NULL,
    credential_kind text   NOT NULL,
    credential_type text   NOT NULL,
    CONSTRAINT aibridge_combinations_pkey PRIMARY KEY (id, model, client)
);

CREATE INDEX aibridge_combinations_model ON aibridge_combinations (model);
CREATE INDEX aibridge_combinations_client ON aibridge_combinations (client);
CREATE INDEX aibridge_combinations_provider_name ON aibridge_combinations (provider_name);

CREATE TABLE aibridge_combination_sets (
    id          bigint NOT NULL,
    combination bigint NOT NULL,
    CONSTRAINT aibridge_combination_sets_pkey PRIMARY KEY (combination, id)
);

CREATE INDEX aibridge_combination_sets_id ON aibridge_combination_sets (id);

CREATE TABLE aibridge_tool_sets (
    id   bigint NOT NULL,
    tool text   NOT NULL,
    CONSTRAINT aibridge_tool_sets_pkey PRIMARY KEY (tool, id)
);

CREATE INDEX aibridge_tool_sets_id ON aibridge_tool_sets (id);

CREATE TABLE aibridge_interception_counts (
    tool_set      bigint NOT NULL,
    day           date   NOT NULL,
    combination   bigint NOT NULL,
    gateway_id    uuid   NOT NULL,
    interceptions bigint NOT NULL,
    CONSTRAINT aibridge_interception_counts_pkey PRIMARY KEY (tool_set, day, combination, gateway_id)
) WITH (fillfactor = 70);

ALTER TABLE aibridge_sessions
    ALTER COLUMN session_id TYPE text COLLATE "C",
    ADD COLUMN combinations bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN tools text[] NOT NULL DEFAULT '{}',
    ADD COLUMN combination_set bigint NOT NULL GENERATED ALWAYS AS (
        CASE WHEN cardinality(combinations) <= 100 THEN hash_array_extended(combinations, 0) ELSE 0 END
    ) STORED,
    ADD COLUMN tool_set bigint NOT NULL GENERATED ALWAYS AS (
        CASE WHEN cardinality(tools) <= 100 THEN hash_array_extended(tools, 0) ELSE 0 END
    ) STORED,
    ADD COLUMN last_started_hour timestamptz NOT NULL GENERATED ALWAYS AS (
        date_bin(INTERVAL '1 hour', last_started_at, TIMESTAMPTZ '2000-01-01 00:00:00+00')
    ) STORED;

-- A page of an index can be read without its table where the table's page is known to be visible to all: vacuum says so, and
-- must not wait until a fifth of a large table has changed.
ALTER TABLE aibridge_interceptions
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE aibridge_sessions
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- What was recorded before.

INSERT INTO aibridge_combinations (
    id, provider, provider_name, model, client, outcome, error_type, credential_kind, credential_type
)
SELECT DISTINCT
    combination, provider, provider_name, model, client, outcome, coalesce(error_type, ''), credential_kind, credential_type
FROM aibridge_interceptions WHERE ended_at IS NOT NULL;

UPDATE aibridge_sessions AS s SET
    combinations = ARRAY(
        SELECT DISTINCT i.combination FROM aibridge_interceptions AS i
        WHERE i.session_id = s.session_id AND i.initiator_id = s.initiator_id AND i.ended_at IS NOT NULL
        ORDER BY 1
    ),
    tools = ARRAY(
        SELECT DISTINCT t.tool
        FROM aibridge_interceptions AS i JOIN aibridge_tool_usages AS t ON t.interception_id = i.id
        WHERE i.session_id = s.session_id AND i.initiator_id = s.initiator_id AND i.ended_at IS NOT NULL AND t.tool <> ''
        ORDER BY 1
    );

INSERT INTO aibridge_combination_sets (id, combination)
SELECT DISTINCT combination_set, unnest(combinations) FROM aibridge_sessions WHERE combination_set <> 0;

INSERT INTO aibridge_tool_sets (id, tool)
SELECT DISTINCT tool_set, unnest(tools) FROM aibridge_sessions WHERE tool_set <> 0;

WITH called AS MATERIALIZED (
    SELECT interception_id, hash_array_extended(array_agg(DISTINCT tool ORDER BY tool), 0) AS tool_set,
        array_agg(DISTINCT tool) AS tools
    FROM aibridge_tool_usages WHERE tool <> '' GROUP BY interception_id
), sets AS (
    INSERT INTO aibridge_tool_sets (id, tool)
    SELECT DISTINCT tool_set, unnest(tools) FROM called
    ON CONFLICT DO NOTHING
)
INSERT INTO aibridge_interception_counts (tool_set, day, combination, gateway_id, interceptions)
SELECT k.tool_set, d.day, i.combination, i.gateway_id, count(*)
FROM aibridge_interceptions AS i
LEFT JOIN called AS c ON c.interception_id = i.id
CROSS JOIN LATERAL (SELECT 0 AS tool_set UNION ALL SELECT c.tool_set WHERE c.tool_set IS NOT NULL) AS k
CROSS JOIN LATERAL (VALUES (DATE '-infinity'), ((i.started_at AT TIME ZONE 'UTC')::date)) AS d (day)
WHERE i.ended_at IS NOT NULL
GROUP BY k.tool_set, d.day, i.combination, i.gateway_id;

CREATE INDEX aibridge_sessions_last_active ON aibridge_sessions (last_active_at DESC, session_id DESC, initiator_id DESC)
    INCLUDE (combination_set, tool_set, started_at, last_started_hour);
CREATE INDEX aibridge_sessions_by_initiator ON aibridge_sessions (initiator_id, last_active_at DESC, session_id DESC)
    INCLUDE (combination_set, tool_set, started_at, last_started_hour);

DROP TABLE aibridge_session_facets;
CREATE TABLE aibridge_session_facets (
    session_id       text        COLLATE "C" NOT NULL,
    initiator_id     uuid        NOT NULL,
    combination      bigint      NOT NULL,
    first_started_at timestamptz NOT NULL,
    last_started_at  timestamptz NOT NULL,
    CONSTRAINT aibridge_session_facets_pkey PRIMARY KEY (session_id, initiator_id, combination)
) WITH (fillfactor = 60);

INSERT INTO aibridge_session_facets (session_id, initiator_id, combination, first_started_at, last_started_at)
SELECT session_id, initiator_id, combination, min(started_at), max(started_at)
FROM aibridge_interceptions WHERE ended_at IS NOT NULL
GROUP BY session_id, initiator_id, combination;
