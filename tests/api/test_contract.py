"""What the description promises is what the server does: schemathesis asks everything of it, examples first."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import httpx
import pytest

from aibridge.records import Role
from aibridge.store.pool import Store
from api.conftest import Join
from support.inventing import Records

READING = ("GET", "POST")
CHANGING = ("DELETE", "PATCH", "PUT")

PHASES = {Role.OWNER: "examples,coverage,fuzzing", Role.MEMBER: "examples,fuzzing"}
"""Coverage asks every parameter for everything: once is enough."""


@pytest.mark.slow
@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER])
@pytest.mark.parametrize("methods", [READING, CHANGING], ids=["reading", "changing"])
async def test_no_answer_is_a_surprise(
    api: httpx.AsyncClient, store: Store, join: Join, tmp_path: Path, role: Role, methods: tuple[str, ...]
) -> None:
    other, asking = await join("olga", Role.OWNER), await join("ada", role)
    await Records(store, (other.id, asking.id), 1).write(60)
    arguments = [
        "run",
        f"{api.base_url}/openapi.json",
        *("--header", f"Authorization: Bearer {asking.token}"),
        # What a schema cannot say (the grammar of q, the current password) is refused although it looks valid, and
        # /users/me is /users/{user} too.
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance,allow_header_conformance"),
        *("--phases", PHASES[role], "--max-examples", "15", "--seed", "1", "--request-timeout", "120"),
        *(each for method in methods for each in ("--include-method", method)),
    ]
    command = [sys.executable, "-m", "schemathesis.cli", *arguments]
    running = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, cwd=tmp_path)
    told, _ = await running.communicate()
    assert running.returncode == 0, told.decode()
