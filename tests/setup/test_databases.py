"""The stores that the fixtures give are fresh, migrated and one's own."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import create_engine, inspect, text


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def run_sql(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def test_a_store_has_the_whole_schema(database_url):
    assert {"handoffs", "deliveries", "clocks", "timeline"} <= tables_of(database_url)


def test_an_empty_store_has_no_tables(empty_database_url):
    assert tables_of(empty_database_url) == set()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_store_holds_nothing_of_another_test(database_url, turn):
    assert "left_behind" not in tables_of(database_url)
    run_sql(database_url, "CREATE TABLE left_behind (id INTEGER)")


def test_a_test_may_leave_a_connection_open(postgres):
    with postgres.database(copy_of="template0") as url:
        engine = create_engine(url)
        forgotten = engine.connect()
    with pytest.raises(Exception, match=r"terminat|closed"):
        forgotten.execute(text("SELECT 1"))
    forgotten.invalidate()
    engine.dispose()


def test_the_sqlite_store_keeps_its_journal_mode(sqlite_url):
    assert run_sql(sqlite_url, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.skipif(
    "://" in os.environ.get("HANDOFF_TEST_POSTGRES", ""), reason="a named server has its own zone"
)
def test_the_server_lives_in_a_time_zone_that_is_not_utc(empty_postgres_url):
    assert run_sql(empty_postgres_url, "SHOW timezone") == [("Asia/Kolkata",)]
