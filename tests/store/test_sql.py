from pathlib import Path

import pytest

from aibridge.store.connections import Connection
from aibridge.store.sql import QUERIES, load_queries


@pytest.mark.parametrize("name", QUERIES)
async def test_every_query_can_be_prepared(psql: Connection, name: str) -> None:
    await psql.prepare(QUERIES[name].sql)


def test_every_query_is_described() -> None:
    assert [query.name for query in QUERIES.values() if len(query.description) < 20] == []


def test_a_name_is_used_once(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "-- name: one\n-- The first.\nSELECT 1;\n\n-- name: one\n-- The second.\nSELECT 2;\n"
    )
    with pytest.raises(ValueError, match="two queries are named one"):
        load_queries(tmp_path)


def test_a_file_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;\n")
    with pytest.raises(ValueError, match="opens with `-- name:`"):
        load_queries(tmp_path)
