-- name: interception
-- One ended interception. $1: id, $2: the initiator it must be of, or NULL.
SELECT i.*, u.username, u.name, u.avatar_url
FROM aibridge_interceptions AS i JOIN users AS u ON u.id = i.initiator_id
WHERE i.id = $1 AND i.ended_at IS NOT NULL AND ($2::uuid IS NULL OR i.initiator_id = $2);

-- name: token_usages_of
-- The token usages of these interceptions ($1), oldest first.
SELECT * FROM aibridge_token_usages WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: user_prompts_of
-- The user prompts of these interceptions ($1), oldest first.
SELECT * FROM aibridge_user_prompts WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: tool_usages_of
-- The tool usages of these interceptions ($1), oldest first.
SELECT
    interception_id, id, provider_response_id, provider_tool_call_id, provider_item_id, coalesce(server_url, '') AS server_url,
    tool, input, injected, coalesce(invocation_error, '') AS invocation_error, metadata, created_at
FROM aibridge_tool_usages
WHERE interception_id = ANY ($1::uuid[])
ORDER BY created_at, id;

-- name: model_thoughts_of
-- The model thoughts of these interceptions ($1), oldest first.
SELECT * FROM aibridge_model_thoughts WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: model_answers_of
-- The texts that answered in these interceptions ($1), in order.
SELECT interception_id, id, content, metadata, created_at FROM aibridge_model_answers
WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: tool_results_of
-- What these interceptions ($1) brought back for tool calls, in order.
SELECT interception_id, id, provider_tool_call_id, content, is_error, metadata, created_at FROM aibridge_tool_results
WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: owns_response
-- Whether a response that its provider has stored is on record for this initiator ($1). $2: the provider's response id. The last
-- three conditions are those of the index.
SELECT EXISTS (
    SELECT FROM aibridge_interceptions
    WHERE provider_response_id = $2 AND initiator_id = $1
      AND provider = 'openai' AND endpoint LIKE '/v1/responses%' AND ended_at IS NOT NULL
);
