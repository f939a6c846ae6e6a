"""The record read without roll-ups, indexes or SQL filters: what lists must show."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.session_shown import ReadSession


class Naive:
    """Everything that is on record, read without roll-ups, indexes or SQL filters."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.sessions: dict[tuple[str, UUID], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            self.sessions[row["session_id"], row["initiator_id"]].append(row)

    @classmethod
    async def read(cls, psql: Connection) -> "Naive":
        rows = [
            dict(row) for row in await psql.fetch("SELECT * FROM aibridge_interceptions WHERE ended_at IS NOT NULL")
        ]
        by_id = {row["id"]: row for row in rows}
        for row in rows:
            row |= {"tools": [], "prompts": [], "tokens": [0, 0, 0, 0], "costs": []}
        for tool in await psql.fetch("SELECT interception_id, tool FROM aibridge_tool_usages"):
            by_id[tool["interception_id"]]["tools"].append(tool["tool"])
        for said in await psql.fetch("SELECT interception_id, created_at, id, prompt FROM aibridge_user_prompts"):
            if said["interception_id"] in by_id:
                by_id[said["interception_id"]]["prompts"].append(tuple(said)[1:])
        for spent in await psql.fetch("SELECT * FROM aibridge_token_usages"):
            tokens = by_id[spent["interception_id"]]["tokens"]
            for n, kind in enumerate(
                ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")
            ):
                tokens[n] += spent[kind] or 0
            by_id[spent["interception_id"]]["costs"].append(spent["cost_micros"])
        return cls(rows)

    def interceptions(self, filter_: Filter, viewer: UUID | None) -> list[UUID]:
        found = [
            row
            for row in self.rows
            if _visible(row, filter_, viewer)
            and _has_values(row, filter_)
            and (not filter_.tools or filter_.tools & set(row["tools"]))
            and (filter_.started_after is None or row["started_at"] >= filter_.started_after)
            and (filter_.started_before is None or row["started_at"] <= filter_.started_before)
        ]
        return [row["id"] for row in sorted(found, key=lambda r: (r["started_at"], r["id"]), reverse=True)]

    def session_keys(self, filter_: Filter, viewer: UUID | None) -> list[tuple[str, UUID]]:
        found = []
        for key, rows in self.sessions.items():
            combinations: dict[object, list[dict[str, Any]]] = defaultdict(list)
            for row in rows:
                combinations[row["combination"]].append(row)
            if (
                _visible(rows[0], filter_, viewer)
                and (not filter_.tools or any(filter_.tools & set(row["tools"]) for row in rows))
                and any(_has_values(each[0], filter_) and _in_use(each, filter_) for each in combinations.values())
            ):
                found.append((self.last_active(rows), *key))
        return [(session_id, initiator) for _, session_id, initiator in sorted(found, key=_by_bytes, reverse=True)]

    def last_active(self, rows: list[dict[str, Any]]) -> datetime:
        prompts = [said[0] for row in rows if not row["side_request"] for said in row["prompts"]]
        moment: datetime = max(prompts) if prompts else min(row["started_at"] for row in rows)
        return moment

    def session(self, key: tuple[str, UUID]) -> dict[str, Any]:
        rows = sorted(self.sessions[key], key=lambda r: (r["started_at"], r["id"]))
        said = sorted((p[0], r["id"], p[2]) for r in rows if not r["side_request"] for p in r["prompts"])
        return {
            "id": key[0],
            "initiator": key[1],
            "providers": sorted({r["provider"] for r in rows}),
            "provider_names": sorted({r["provider_name"] for r in rows}),
            "models": sorted({r["model"] for r in rows}),
            "client": rows[0]["client"],
            "metadata": rows[0]["metadata"],
            "started_at": rows[0]["started_at"],
            "ended_at": max(r["ended_at"] for r in rows),
            "last_active_at": self.last_active(rows),
            "threads": sum(r["thread_root_id"] is None and not r["side_request"] for r in rows),
            "interceptions": len(rows),
            "tool_calls": sum(len(r["tools"]) for r in rows),
            "failures": sum(r["outcome"] in ("failed", "truncated", "interrupted") for r in rows),
            "cost_micros": sum(cost or 0 for r in rows for cost in r["costs"]),
            "unpriced": sum(None in r["costs"] for r in rows),
            "tokens": [sum(r["tokens"][n] for r in rows) for n in range(4)],
            "first_prompt": said[0][2] if said else None,
            "last_prompt": said[-1][2] if said else None,
        }


def _by_bytes(key: tuple[datetime, str, UUID]) -> tuple[datetime, bytes, UUID]:
    return key[0], key[1].encode(), key[2]


def _visible(row: dict[str, Any], filter_: Filter, viewer: UUID | None) -> bool:
    return (
        (viewer is None or row["initiator_id"] == viewer)
        and (filter_.initiator_ids is None or row["initiator_id"] in filter_.initiator_ids)
        and (not filter_.session_ids or row["session_id"] in filter_.session_ids)
    )


def _has_values(row: dict[str, Any], filter_: Filter) -> bool:
    wanted = {
        "provider": filter_.providers,
        "provider_name": filter_.provider_names,
        "model": filter_.models,
        "client": filter_.clients,
        "outcome": filter_.outcomes,
        "error_type": filter_.error_types,
        "credential_kind": filter_.credential_kinds,
        "credential_type": filter_.credential_types,
    }
    return all(row[column] in values for column, values in wanted.items() if values)


def _in_use(rows: Iterable[dict[str, Any]], filter_: Filter) -> bool:
    starts = [row["started_at"] for row in rows]
    return (filter_.started_before is None or min(starts) <= filter_.started_before) and (
        filter_.started_after is None or max(starts) >= filter_.started_after
    )


def shown(session: ReadSession) -> dict[str, Any]:
    fields = {name: getattr(session, name) for name in ReadSession.__struct_fields__}
    sums = fields.pop("token_usage_summary")
    return fields | {
        "initiator": session.initiator.id,
        "tokens": [getattr(sums, name) for name in sums.__struct_fields__],
    }
