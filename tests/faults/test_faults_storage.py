"""A store in trouble: nothing is promised that is not kept, and all goes on by itself when it is well again."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from bridges import hand_over, system_clock
from fleet import wait_for
from killed_shop import killed_shop
from own_postgres import own_postgres
from sqlalchemy import select, text, update
from store_trouble import (
    ACCOUNTS,
    PATIENCE_SECONDS,
    add,
    assert_accepted_in_the_end,
    assert_each_has_one_ticket,
    assert_not_ready,
    assert_refused,
    kept,
    metrics,
    ready,
    refuse_handoffs,
    running,
)

from bridge.app import build_worker
from bridge.store import Database, StoreUnavailable, engines, tables
from bridge.store import schema as schema_module
from bridge.worker.ticker import Ticker

LATER = "it has the schema of another version"


@pytest.mark.postgres
def test_fault_07_a_worker_frozen_with_a_lock_in_hand_does_not_hold_up_the_others(postgres_url, monkeypatch):
    """A worker is frozen in a transaction: the server ends that soon, and those who wait for its locks go on."""
    monkeypatch.setattr(engines, "LONGEST_PAUSE_SECONDS", 1)
    frozen, other = Database(postgres_url), Database(postgres_url)
    other.transact(lambda tx: add(tx, "a"))
    holding, woken = threading.Event(), threading.Event()

    def freeze(tx):
        touch(tx, "a")
        holding.set()
        woken.wait(PATIENCE_SECONDS)
        touch(tx, "a")

    with ThreadPoolExecutor(1) as worker:
        late = worker.submit(frozen.transact, freeze)
        holding.wait(PATIENCE_SECONDS)
        other.transact(lambda tx: touch(tx, "a"))
        assert names(other, "a") == ["xx"]
        woken.set()
        late.result()
    assert names(other, "a") == ["xxxx"]
    for database in (frozen, other):
        database.close()


@pytest.mark.postgres
def test_fault_08_of_two_schedulers_that_tick_one_fires_each_rung(postgres_url, tmp_path):
    """Two schedulers run at once: both look, and each rung is fired by one of them, once."""
    with killed_shop(postgres_url, tmp_path, rung_seconds=0.5) as shop:
        other = Database(postgres_url)
        tickers = [
            Ticker(database=database, accounts=shop.bridge.accounts, clock=system_clock)
            for database in (shop.bridge.database, other)
        ]
        for ticker in tickers:
            ticker.start()
        handoffs = [hand_over(shop.bridge, f"wa-{number}") for number in range(10)]
        wait_for(lambda: shop.armed() == 0, PATIENCE_SECONDS)
        for ticker in tickers:
            ticker.stop()
        other.close()
        assert shop.fired() == Counter(handoffs)


@pytest.mark.postgres
def test_fault_09_a_server_that_restarts_under_us_costs_a_503_and_no_restart_of_ours(tmp_path):
    """PostgreSQL restarts in mid-transaction: 503 with Retry-After meanwhile, then all goes on by itself."""
    with own_postgres() as server, running(server.url, tmp_path) as (shop, port):
        assert shop.post(port, 1).status_code == 202

        def cut_short(tx):
            add(tx, "half")
            server.stop()
            add(tx, "rest")

        with pytest.raises(StoreUnavailable):
            shop.bridge.database.transact(cut_short)
        assert_refused(shop.post(port, 2))
        assert_not_ready(port, "cannot be reached")
        server.start()
        assert_accepted_in_the_end(shop, port, 2)
        assert_each_has_one_ticket(shop)
        assert {"half", "rest"}.isdisjoint(kept(shop.bridge.database))


def make_read_only(url, switch):
    """Let new sessions read only ("on"), after ending the old ones; or let them write again ("off")."""
    name = url.rpartition("/")[2].partition("?")[0]
    writing = psycopg.connect(
        url.replace("+psycopg", ""), autocommit=True, options="-c default_transaction_read_only=off"
    )
    with writing as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}')
        if switch == "on":
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


@pytest.mark.postgres
def test_fault_10_a_server_that_only_reads_gets_503s_and_nothing_is_taken_into_memory(postgres_url, tmp_path):
    """PostgreSQL takes no changes (a standby, a failover): 503, /readyz says why, and nothing is kept in memory."""
    with running(postgres_url, tmp_path) as (shop, port):
        make_read_only(postgres_url, "on")
        wait_for(lambda: "read-only" in ready(port).text, PATIENCE_SECONDS)
        assert_refused(shop.post(port))
        assert shop.rows(tables.handoffs) == []
        make_read_only(postgres_url, "off")
        assert_accepted_in_the_end(shop, port, 1)
        assert_each_has_one_ticket(shop)


@pytest.mark.postgres
def test_fault_10_a_process_that_nobody_asks_to_write_finds_the_way_back_too(postgres_url, tmp_path):
    """After a failover old connections still lead to a server that only reads: they are given up by looking."""
    with running(postgres_url, tmp_path, work=False) as (_, port):
        make_read_only(postgres_url, "on")
        wait_for(lambda: "read-only" in ready(port).text, PATIENCE_SECONDS)
        make_read_only(postgres_url, "off")
        wait_for(lambda: ready(port).status_code == 200, PATIENCE_SECONDS)


@pytest.mark.postgres
def test_fault_12_of_two_that_lock_each_other_out_the_one_sent_away_comes_again(postgres_url, tmp_path):
    """Two transactions deadlock: the one that is undone is run again as a whole, and is counted."""
    with running(postgres_url, tmp_path, work=False) as (shop, port):
        database, meeting, one_is_through = shop.bridge.database, threading.Barrier(2), threading.Event()
        for name in ("a", "b"):
            database.transact(lambda tx, name=name: add(tx, name))

        def touch_both(first, second):
            met = []

            def work(tx):
                if met:
                    one_is_through.wait(PATIENCE_SECONDS)  # or it might lock the other out once more
                touch(tx, first)
                if not met:
                    met.append(meeting.wait(PATIENCE_SECONDS))
                touch(tx, second)

            database.transact(work)
            one_is_through.set()

        with ThreadPoolExecutor(2) as callers:
            for future in (callers.submit(touch_both, "a", "b"), callers.submit(touch_both, "b", "a")):
                future.result()
        assert names(database, "a", "b") == ["xxx", "xxx"]
        assert 'handoff_store_repeats_total{reason="DeadlockDetected"} 1.0' in metrics(port)


def touch(tx, account_id):
    longer = ACCOUNTS.c.name + "x"
    tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(name=longer))


def names(database, *account_ids):
    with database.read() as connection:
        found = select(ACCOUNTS.c.name).where(ACCOUNTS.c.account_id.in_(account_ids))
        return list(connection.execute(found).scalars())


@pytest.mark.postgres
def test_fault_12_a_transaction_that_never_gets_through_is_run_four_times_and_refused(postgres_url, tmp_path):
    """Serialization fails again and again: three more tries of the whole, then 503 and nothing kept."""
    with running(postgres_url, tmp_path, work=False) as (shop, port):
        refuse_handoffs(shop.bridge.database, "40001")
        assert_refused(shop.post(port))
        assert shop.rows(tables.handoffs) == []
        told = metrics(port)
        assert 'handoff_store_repeats_total{reason="SerializationFailure"} 3.0' in told
        assert 'handoff_store_refusals_total{reason="SerializationFailure"} 1.0' in told


def set_schema(shop, revision):
    with shop.bridge.database.engine.execution_options(writing=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_fault_13_a_process_of_an_older_version_changes_nothing_and_can_be_read(
    database_url, tmp_path, monkeypatch
):
    """The store is migrated under an old process: it claims and takes nothing more, answers what it is asked."""
    monkeypatch.setattr(schema_module, "LOOK_EVERY", timedelta(0))
    with running(database_url, tmp_path, work=False) as (shop, port):
        handoff_id = shop.post(port, 1).json()["id"]
        set_schema(shop, "later")
        worker = build_worker(shop.bridge)
        worker.start()
        assert_refused(shop.post(port, 2))
        assert_not_ready(port, "handoff migrate")
        assert shop.look(port, handoff_id).json()["state"] == "open"
        wait_for(lambda: shop.bridge.database.strain.refusals().get(LATER, 0) >= 3, PATIENCE_SECONDS)
        assert shop.tickets() == {}
        set_schema(shop, schema_module.written_for())
        assert_each_has_one_ticket(shop)
        worker.stop()
