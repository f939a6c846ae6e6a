-- Telemetry: which full hours have been reported, so that any number of replicas reports each of them once.
--
-- A row is a claim: whoever holds it has until next_try_at to report; then anybody may take it over. Rows live for a day.
-- The index finds what ended in an hour. Rows end about in the order in which they lie on disk, so that a few bytes for each
-- megabyte are enough, and a request pays next to nothing for them.

CREATE TABLE telemetry_locks (
    event_type       text        NOT NULL,
    period_ending_at timestamptz NOT NULL,
    report_id        uuid        NOT NULL,
    attempts         integer     NOT NULL,
    next_try_at      timestamptz NOT NULL,
    reported_at      timestamptz,
    CONSTRAINT telemetry_locks_pkey PRIMARY KEY (event_type, period_ending_at)
);

CREATE INDEX aibridge_interceptions_ended ON aibridge_interceptions USING brin (ended_at) WITH (autosummarize = on);
