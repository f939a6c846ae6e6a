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


def test_a_fragment_stands_where_it_is_included(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "-- name: one\n-- Only threes.\nSELECT 1\nWHERE\n-- include: three\n;\n"
        "\n-- fragment: three\n-- A three.\n(\n-- include: parameter\n) = 3\n"
        "\n-- fragment: parameter\n-- $1: a number.\n$1\n"
    )
    assert {name: query.sql for name, query in load_queries(tmp_path).items()} == {
        "one": "SELECT 1\nWHERE\n(\n$1\n) = 3\n"
    }


def test_an_included_fragment_may_count_its_parameters_from_further_on(tmp_path: Path) -> None:
    """Of a fragment in a fragment, both shifts count."""
    (tmp_path / "a.sql").write_text(
        "-- name: one\n-- Ten and twelve.\nSELECT $1\nWHERE\n-- include: pair + 8\n;\n"
        "\n-- fragment: pair\n-- Two.\n$2 =\n-- include: parameter + 1\n"
        "\n-- fragment: parameter\n-- $3: a number.\n$3\n"
    )
    assert load_queries(tmp_path)["one"].sql == "SELECT $1\nWHERE\n$10 =\n$12\n"


def test_a_query_may_begin_with_a_fragment(tmp_path: Path) -> None:
    """The line that names it is no part of what is said about the query."""
    (tmp_path / "a.sql").write_text(
        "-- name: both\n-- A one and more.\n-- include: one\n+ 1\n\n-- fragment: one\n-- A one.\nSELECT 1\n"
    )
    both = load_queries(tmp_path)["both"]
    assert (both.description, both.sql) == ("A one and more.", "SELECT 1\n+ 1")


def test_a_fragment_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- name: one\n-- Nothing.\nSELECT 1\n-- include: two\n;\n")
    with pytest.raises(ValueError, match="no fragment two"):
        load_queries(tmp_path)
