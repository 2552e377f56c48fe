"""Going back to an older program: its schema is put back, and every row it knows stays."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select

from bridge.store import Database, migrate, tables
from bridge.store.migrate import UnknownRevision, is_current, migrate_back, revisions


@pytest.fixture
def database(database_url, frozen_now):
    database = Database(database_url)
    account = tables.accounts.insert().values(account_id="main", name="main", created_at=frozen_now)
    database.transact(lambda tx: tx.execute(account))
    yield database
    database.close()


def test_each_older_schema_and_this_one_again_keep_the_rows(database):
    for revision in revisions():
        migrate_back(database.url, revision)
        assert is_current(database) == (revision == revisions()[-1])
        with database.read() as connection:
            known = inspect(connection).get_columns("accounts")
            assert "account_id" in {column["name"] for column in known}
        assert migrate(database.url) == revisions()[-1]
    with database.read() as connection:
        assert connection.execute(select(tables.accounts.c.name)).scalars().all() == ["main"]


def test_a_revision_that_never_was_is_refused_and_named(database):
    with pytest.raises(UnknownRevision, match="0001"):
        migrate_back(database.url, "9999")
    assert is_current(database)
