-- Whose is a stored response? With a central key it is asked before one is shown, and everything that its user ever asked for was
-- looked through: 270 ms for 87,000 requests, for whoever likes to guess. Only answers of OpenAI's Responses are stored; their ids
-- begin with the time, so that new ones stand at the end of the index.
--
-- An older version does not mind. Building it reads the interceptions once and holds up their writers meanwhile: half a second for
-- two million that lie in memory.

CREATE INDEX aibridge_interceptions_response ON aibridge_interceptions (provider_response_id, initiator_id)
    WHERE provider = 'openai' AND endpoint LIKE '/v1/responses%' AND ended_at IS NOT NULL;
