-- What an answer cost, beside its tokens: worked out when it is recorded, with the rates that were used, so that prices
-- that change later change nothing here. The house's own prices. Sessions sum up what is known and count what is not.
--
-- Columns are added without writing a table anew; the CHECK and the partial index read aibridge_token_usages once each.
-- What is on record already has no price: its sessions say so, which writes each of them once. `aibridge reprice` prices it.

ALTER TABLE aibridge_token_usages
    ADD COLUMN cost_micros                 bigint,
    ADD COLUMN cost_lower_bound            boolean NOT NULL DEFAULT false,
    ADD COLUMN input_price_micros          bigint,
    ADD COLUMN output_price_micros         bigint,
    ADD COLUMN cache_read_price_micros     bigint,
    ADD COLUMN cache_write_price_micros    bigint,
    ADD COLUMN cache_write_1h_price_micros bigint,
    ADD COLUMN price_source                text,
    ADD COLUMN price_listed_as             text,
    ADD COLUMN price_since                 timestamptz,
    ADD CONSTRAINT aibridge_token_usages_cost_check CHECK (cost_micros >= 0);

CREATE INDEX aibridge_token_usages_unpriced ON aibridge_token_usages (initiator_id, interception_id)
    WHERE cost_micros IS NULL;

ALTER TABLE aibridge_sessions
    ADD COLUMN cost_micros numeric NOT NULL DEFAULT 0,
    ADD COLUMN unpriced    bigint  NOT NULL DEFAULT 0;

UPDATE aibridge_sessions AS s SET unpriced = n.unpriced
FROM (
    SELECT i.session_id, i.initiator_id, count(*) AS unpriced
    FROM aibridge_interceptions AS i
    WHERE i.ended_at IS NOT NULL AND i.id IN (SELECT interception_id FROM aibridge_token_usages)
    GROUP BY i.session_id, i.initiator_id
) AS n
WHERE s.session_id = n.session_id AND s.initiator_id = n.initiator_id;

CREATE TABLE aibridge_prices (
    provider      text        NOT NULL,
    provider_name text        COLLATE "C" NOT NULL,
    model         text        COLLATE "C" NOT NULL,
    since         timestamptz NOT NULL,
    rates         jsonb       NOT NULL,
    set_by        text        NOT NULL,
    set_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT aibridge_prices_pkey PRIMARY KEY (model, provider, provider_name, since),
    CONSTRAINT aibridge_prices_provider_check CHECK (provider IN ('', 'anthropic', 'openai', 'copilot')),
    CONSTRAINT aibridge_prices_one_of_two_check CHECK ((provider = '') <> (provider_name = ''))
);
