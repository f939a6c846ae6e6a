-- name: interceptions_page
-- Ended interceptions, newest first. $1: limit, $2: offset.
SELECT i.*, u.username, u.name, u.avatar_url
FROM aibridge_interceptions AS i JOIN users AS u ON u.id = i.initiator_id
WHERE i.ended_at IS NOT NULL
ORDER BY i.started_at DESC, i.id DESC
LIMIT $1 OFFSET $2;

-- name: interceptions_page_of_initiator
-- One person's ended interceptions, newest first. $1: limit, $2: offset, $3: initiator.
SELECT i.*, u.username, u.name, u.avatar_url
FROM aibridge_interceptions AS i JOIN users AS u ON u.id = i.initiator_id
WHERE i.ended_at IS NOT NULL AND i.initiator_id = $3
ORDER BY i.started_at DESC, i.id DESC
LIMIT $1 OFFSET $2;

-- name: count_interceptions
-- How many interceptions have ended: every one of them is counted in exactly one session.
SELECT coalesce(sum(interceptions), 0)::bigint FROM aibridge_sessions;

-- name: count_interceptions_of_initiator
-- How many of one person's interceptions have ended. $1: initiator.
SELECT coalesce(sum(interceptions), 0)::bigint FROM aibridge_sessions WHERE initiator_id = $1;

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
SELECT * FROM aibridge_tool_usages WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: model_thoughts_of
-- The model thoughts of these interceptions ($1), oldest first.
SELECT * FROM aibridge_model_thoughts WHERE interception_id = ANY ($1::uuid[]) ORDER BY created_at, id;

-- name: owns_response
-- Whether a provider's response is on record for this initiator ($1). $2: the provider's response id.
SELECT EXISTS (
    SELECT FROM aibridge_interceptions
    WHERE initiator_id = $1 AND provider_response_id = $2 AND provider = 'openai' AND ended_at IS NOT NULL
);
