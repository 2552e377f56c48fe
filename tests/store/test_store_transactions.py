"""The store keeps what it says it keeps, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, insert, select, text

from bridge.store import Database, StoreUnavailable, Transaction, engines, migrate, tables
from bridge.store.migrate import is_current
from bridge.store.strain import Strain

ACCOUNTS = tables.accounts
NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def add(tx: Transaction, account_id: str) -> str:
    tx.execute(insert(ACCOUNTS).values(account_id=account_id, name=account_id, created_at=NOW))
    return account_id


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(ACCOUNTS)).scalar_one()


def test_what_a_transaction_returns_is_on_disk_when_it_returns(database):
    assert database.transact(lambda tx: add(tx, "a")) == "a"
    assert count(database) == 1


def test_a_transaction_that_fails_leaves_nothing_and_fails_for_its_caller_alone(database):
    def fails(tx: Transaction) -> None:
        add(tx, "lost")
        raise KeyError("on purpose")

    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(database.transact, lambda tx, n=n: add(tx, f"a{n}")) for n in range(20)]
        bad = [pool.submit(database.transact, fails) for _ in range(20)]
        assert sorted(future.result() for future in good) == sorted(f"a{n}" for n in range(20))
        assert all(isinstance(future.exception(), KeyError) for future in bad)
    assert count(database) == 20


def test_a_moment_comes_back_as_it_was_aware_and_in_utc(database):
    database.transact(lambda tx: add(tx, "a"))
    with database.read() as connection:
        assert connection.execute(select(ACCOUNTS.c.created_at)).scalar_one() == NOW
        assert connection.execute(select(ACCOUNTS.c.created_at)).scalar_one().tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database):
    naive = datetime(2026, 11, 21, 12, 52)  # noqa: DTZ001
    with pytest.raises(Exception, match="time without a zone"):
        database.transact(
            lambda tx: tx.execute(insert(ACCOUNTS).values(account_id="a", name="a", created_at=naive))
        )


def test_a_waiter_is_woken_by_the_commit(database):
    seen = database.wakeups.wait("deliveries", -1, 0.0)
    woken = threading.Event()

    def wait() -> None:
        if database.wakeups.wait("deliveries", seen, 10.0) != seen:
            woken.set()

    threading.Thread(target=wait, daemon=True).start()
    database.transact(lambda tx: tx.wake("deliveries"))
    assert woken.wait(5.0)


def test_another_process_is_woken_too(database, database_url):
    other = Database(database_url)
    try:
        seen = other.wakeups.wait("deliveries", -1, 0.0)
        settled = threading.Event()
        settled.wait(0.3)  # the listener has connected
        seen = other.wakeups.wait("deliveries", seen, 0.0)

        def work(tx: Transaction) -> None:
            add(tx, "a")
            tx.wake("deliveries")

        database.transact(work)
        assert other.wakeups.wait("deliveries", seen, 5.0) != seen
    finally:
        other.close()


def test_the_migrations_make_exactly_the_tables_of_the_program(database):
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    assert is_current(database)


def test_migrating_again_changes_nothing(database, database_url):
    database.transact(lambda tx: add(tx, "a"))
    migrate(database_url)
    assert count(database) == 1


def test_an_empty_store_is_not_current(empty_database_url):
    database = Database(empty_database_url)
    assert not is_current(database)
    database.close()


def test_every_primary_key_begins_with_the_account():
    for table in tables.metadata.sorted_tables:
        assert next(iter(table.primary_key.columns)).name == "account_id", table.name


def test_sqlite_commits_are_flushed_to_disk_in_a_log_that_readers_do_not_block(sqlite_url):
    database = Database(sqlite_url)
    with database.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}


def test_a_store_that_cannot_be_reached_says_so_without_its_password():
    database = Database("postgresql://someone:hunter2@127.0.0.1:9/none")
    with pytest.raises(StoreUnavailable) as refused:
        database.transact(lambda tx: add(tx, "a"))
    assert "hunter2" not in str(refused.value)
    database.close()


def test_a_transaction_inside_another_is_refused_instead_of_waiting_for_ever(sqlite_url):
    database = Database(sqlite_url)
    with pytest.raises(RuntimeError, match="inside another"):
        database.transact(lambda _tx: database.transact(lambda tx: add(tx, "a")))
    database.close()


def test_more_at_once_than_there_are_connections_is_told_as_unavailable(postgres_url, monkeypatch):
    monkeypatch.setattr(engines, "POOL_SIZE", 1)
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 0.1)
    database = Database(postgres_url)
    database.transact(lambda tx: add(tx, "a"))
    with database.read() as first, database.read() as second:
        assert first is not second
        with pytest.raises(StoreUnavailable):
            database.transact(lambda tx: add(tx, "b"))
    assert database.transact(lambda tx: add(tx, "b")) == "b"
    assert database.strain.refusals() == {"TimeoutError": 1}
    database.close()


def test_a_refusal_is_remembered_for_a_moment_and_counted_for_good():
    now = [0.0]
    strain = Strain(lambda: now[0])
    assert strain.refused_lately() is None
    strain.refused("DiskFull")
    assert strain.refused_lately() == "DiskFull"
    now[0] = 5.1
    assert (strain.refused_lately(), strain.refusals()) == (None, {"DiskFull": 1})


def test_a_connection_in_use_while_the_store_is_closed_is_closed_when_it_comes_back(postgres_url):
    database = Database(postgres_url)
    with database.read() as connection:
        driver = connection.connection.driver_connection
        database.close()
        assert not driver.closed
    assert driver.closed


def test_a_connection_in_use_while_its_server_is_left_is_closed_when_it_comes_back_and_new_ones_stay(
    postgres_url,
):
    database = Database(postgres_url)
    with database.read() as connection:
        old = connection.connection.driver_connection
        engines.leave_server(database.engine)
    with database.read() as connection:
        new = connection.connection.driver_connection
    assert (old.closed, new.closed) == (True, False)
    database.close()
    assert new.closed
