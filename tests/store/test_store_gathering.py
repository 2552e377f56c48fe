"""Work that gathers: many callers, few transactions, and nobody pays for another's mistake."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bridge.store import Database, Gathering, StoreUnavailable, Transaction, tables

ACCOUNTS = tables.accounts
NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


class Desk:
    """Adds an account for each name asked for; notes which came together. "hold…" keeps a writer busy."""

    def __init__(self, database: Database) -> None:
        self.together: list[list[str]] = []
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.database = database
        self.gathering: Gathering[str, str] = Gathering(database, self._work)

    def ask_while_all_are_busy(self, *asked: str) -> list[Future[str]]:
        for number in range(self.database.writers):
            self.gathering.ask(f"hold{number}")
            assert self.entered.acquire(timeout=10)
        self.together.clear()
        futures = [self.gathering.ask(name) for name in asked]
        self.go_on.set()
        return futures

    def _work(self, tx: Transaction, asked: Sequence[str]) -> list[str | Exception]:
        self.together.append(list(asked))
        if asked[0].startswith("hold"):
            self.entered.release()
            assert self.go_on.wait(10)
        tx.add(ACCOUNTS, [{"account_id": name, "name": name, "created_at": NOW} for name in asked])
        if "poison" in asked:
            raise LookupError("poison")
        return [KeyError(name) if name == "told" else name for name in asked]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(ACCOUNTS.c.account_id)).scalars())


def test_an_answer_comes_when_what_it_tells_of_is_on_disk(database, desk):
    assert desk.gathering.ask("a").result(10) == "a"
    assert names(database) == {"a"}


def test_what_comes_while_commits_are_under_way_is_done_together(database, desk):
    futures = desk.ask_while_all_are_busy(*"abcdefgh")
    assert [future.result(10) for future in futures] == list("abcdefgh")
    assert len(desk.together) <= database.writers
    assert names(database) >= set("abcdefgh")


def test_one_that_breaks_breaks_for_its_caller_alone(database, desk):
    a, poison, b = desk.ask_while_all_are_busy("a", "poison", "b")
    assert (a.result(10), b.result(10)) == ("a", "b")
    assert isinstance(poison.exception(10), LookupError)
    assert names(database) >= {"a", "b"}
    assert "poison" not in names(database)


def test_an_answer_that_is_an_error_is_raised_to_its_caller(database, desk):
    assert isinstance(desk.gathering.ask("told").exception(10), KeyError)
    assert "told" in names(database)


def test_a_store_that_is_away_is_told_to_everybody():
    database = Database("postgresql://someone@127.0.0.1:9/none")
    future = Desk(database).gathering.ask("a")
    assert isinstance(future.exception(30), StoreUnavailable)
    database.close()


def test_rows_added_are_seen_by_the_next_statement_of_the_same_transaction(database):
    def work(tx: Transaction) -> set[str]:
        tx.add(ACCOUNTS, [{"account_id": "a", "name": 'Ä "quoted" 😀', "created_at": NOW}])
        return set(tx.execute(select(ACCOUNTS.c.name)).scalars())

    assert database.transact(work) == {'Ä "quoted" 😀'}


def test_rows_of_many_tables_and_shapes_go_in_whatever_their_order(database):
    desk_version = {
        "account_id": "a",
        "version": 1,
        "digest": "d",
        "file_name": "f",
        "text": "t",
        "loaded_at": NOW,
    }

    def work(tx: Transaction) -> None:
        tx.add(tables.desk_versions, [desk_version])
        tx.add(ACCOUNTS, [{"account_id": "a", "name": "a", "created_at": NOW}])
        tx.add(ACCOUNTS, [{"account_id": "b", "name": "b", "wrapped_key": None, "created_at": NOW}])

    database.transact(work)
    assert names(database) == {"a", "b"}
    with database.read() as connection:
        assert connection.execute(select(tables.desk_versions.c.loaded_at)).scalar_one() == NOW


def test_a_moment_without_a_zone_is_refused_in_an_added_row_too(database):
    naive = datetime(2026, 11, 21, 12, 52)  # noqa: DTZ001
    row = {"account_id": "a", "name": "a", "created_at": naive}
    with pytest.raises(Exception, match="time without a zone"):
        database.transact(lambda tx: tx.add(ACCOUNTS, [row]))
    assert names(database) == set()


def test_no_thread_outlives_its_database(database_url: str) -> None:
    before = set(threading.enumerate())
    database = Database(database_url)
    gathering: Gathering[str, str] = Gathering(database, lambda _tx, asked: asked)
    assert gathering.ask("one").result(timeout=10) == "one"
    assert "store-gathering" in {thread.name for thread in set(threading.enumerate()) - before}
    database.close()
    left = [thread for thread in set(threading.enumerate()) - before if thread.name == "store-gathering"]
    assert left == []
