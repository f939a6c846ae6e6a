"""A Coder deployment's database, as far as its record goes: the newest generation, and ways back to older ones."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import msgspec

from aibridge.importing.report import Report
from aibridge.store.connections import Connection, teach_json
from support.rows import NOON

Import: TypeAlias = Callable[[], Awaitable[Report]]
"""Imports it into this test's own record."""

NEWEST = """
CREATE TYPE user_status AS ENUM ('active', 'dormant', 'suspended');
CREATE TYPE credential_kind AS ENUM ('centralized', 'byok');
CREATE TYPE aibridge_interception_error_type AS ENUM
    ('bad_request', 'unauthorized', 'rate_limited', 'overloaded', 'server_error', 'timeout', 'unknown');

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    username text NOT NULL,
    name text NOT NULL DEFAULT '',
    avatar_url text NOT NULL DEFAULT '',
    deleted boolean NOT NULL DEFAULT false,
    status user_status NOT NULL DEFAULT 'active',
    is_system boolean NOT NULL DEFAULT false,
    rbac_roles text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    hashed_password bytea NOT NULL DEFAULT ''
);

CREATE TABLE aibridge_interceptions (
    id uuid PRIMARY KEY,
    initiator_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    started_at timestamptz NOT NULL,
    metadata jsonb,
    ended_at timestamptz,
    api_key_id text,
    client varchar(64) DEFAULT 'Unknown',
    thread_parent_id uuid,
    thread_root_id uuid,
    client_session_id varchar(256),
    provider_name text NOT NULL DEFAULT '',
    credential_kind credential_kind NOT NULL DEFAULT 'centralized',
    credential_hint varchar(15) NOT NULL DEFAULT '',
    agent_firewall_session_id uuid,
    agent_firewall_sequence_number integer,
    error_type aibridge_interception_error_type,
    error_message varchar(1024),
    annotations jsonb NOT NULL DEFAULT '{}',
    session_id text NOT NULL
        GENERATED ALWAYS AS (coalesce(client_session_id, thread_root_id::text, id::text)) STORED
);
CREATE INDEX ON aibridge_interceptions (started_at DESC, id DESC);

CREATE TABLE aibridge_token_usages (
    id uuid PRIMARY KEY,
    interception_id uuid NOT NULL,
    provider_response_id text NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_input_tokens bigint NOT NULL DEFAULT 0,
    cache_write_input_tokens bigint NOT NULL DEFAULT 0,
    metadata jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON aibridge_token_usages (interception_id);

CREATE TABLE aibridge_user_prompts (
    id uuid PRIMARY KEY,
    interception_id uuid NOT NULL,
    provider_response_id text NOT NULL,
    prompt text NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON aibridge_user_prompts (interception_id);

CREATE TABLE aibridge_tool_usages (
    id uuid PRIMARY KEY,
    interception_id uuid NOT NULL,
    provider_response_id text NOT NULL,
    server_url text,
    tool text NOT NULL,
    input text NOT NULL,
    injected boolean NOT NULL DEFAULT false,
    invocation_error text,
    metadata jsonb,
    created_at timestamptz NOT NULL,
    provider_tool_call_id text,
    provider_item_id text
);
CREATE INDEX ON aibridge_tool_usages (interception_id);

CREATE TABLE aibridge_model_thoughts (
    interception_id uuid NOT NULL,
    content text NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON aibridge_model_thoughts (interception_id);
"""

OLDEST = """
DROP TABLE aibridge_model_thoughts;
ALTER TABLE users DROP COLUMN is_system, DROP COLUMN name;
ALTER TABLE aibridge_interceptions
    DROP COLUMN session_id, DROP COLUMN api_key_id, DROP COLUMN client, DROP COLUMN thread_parent_id,
    DROP COLUMN thread_root_id, DROP COLUMN client_session_id, DROP COLUMN provider_name, DROP COLUMN credential_kind,
    DROP COLUMN credential_hint, DROP COLUMN agent_firewall_session_id, DROP COLUMN agent_firewall_sequence_number,
    DROP COLUMN error_type, DROP COLUMN error_message, DROP COLUMN annotations;
ALTER TABLE aibridge_token_usages DROP COLUMN cache_read_input_tokens, DROP COLUMN cache_write_input_tokens;
ALTER TABLE aibridge_tool_usages DROP COLUMN provider_tool_call_id, DROP COLUMN provider_item_id;
"""
"""What the first generation did not have yet."""


class CoderDatabase:
    """Fills it. Every method takes columns by name and returns the id of the row."""

    def __init__(self, dsn: str, connection: Connection) -> None:
        self.dsn = dsn
        self.connection = connection

    @classmethod
    async def make(cls, dsn: str) -> "CoderDatabase":
        """Make the tables of the newest generation in an empty database."""
        connection: Connection = await asyncpg.connect(dsn)
        await teach_json(connection)
        await connection.execute(NEWEST)
        return cls(dsn, connection)

    async def grow_old(self) -> None:
        """Take away all that the first generation lacked."""
        await self.connection.execute(OLDEST)

    async def user(self, username: str, **columns: Any) -> UUID:
        """Someone who uses the deployment."""
        return await self._insert("users", {"username": username, "email": f"{username}@example.com", **columns})

    async def interception(self, initiator_id: UUID, **columns: Any) -> UUID:
        """An interception that took a second, unless told otherwise."""
        started_at = columns.get("started_at", NOON)
        usual = {
            "initiator_id": initiator_id,
            "provider": "anthropic",
            "model": "claude-test",
            "started_at": started_at,
            "ended_at": started_at + timedelta(seconds=1),
        }
        return await self._insert("aibridge_interceptions", usual | columns)

    async def usage(self, interception_id: UUID, **columns: Any) -> UUID:
        """What it cost."""
        usual = {"provider_response_id": "msg_1", "input_tokens": 100, "output_tokens": 50, "created_at": NOON}
        return await self._insert("aibridge_token_usages", {"interception_id": interception_id, **usual, **columns})

    async def prompt(self, interception_id: UUID, prompt: str, **columns: Any) -> UUID:
        """What was asked."""
        usual = {"provider_response_id": "msg_1", "prompt": prompt, "created_at": NOON}
        return await self._insert("aibridge_user_prompts", {"interception_id": interception_id, **usual, **columns})

    async def tool(self, interception_id: UUID, tool: str = "Bash", **columns: Any) -> UUID:
        """What the model did."""
        usual = {"provider_response_id": "msg_1", "tool": tool, "input": '{"command":"ls"}', "created_at": NOON}
        return await self._insert("aibridge_tool_usages", {"interception_id": interception_id, **usual, **columns})

    async def thought(self, interception_id: UUID, content: str, **columns: Any) -> None:
        """What it said about why."""
        usual = {"interception_id": interception_id, "content": content, "created_at": NOON}
        await self._put("aibridge_model_thoughts", usual | columns)

    async def _insert(self, table: str, columns: dict[str, Any]) -> UUID:
        row = {"id": uuid4(), **columns}
        await self._put(table, row)
        return UUID(str(row["id"]))

    async def _put(self, table: str, row: dict[str, Any]) -> None:
        """The row as JSON, which the table's own types read."""
        names = ", ".join(row)
        await self.connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_record(NULL::{table}, $1)",
            msgspec.json.encode(row),
        )
