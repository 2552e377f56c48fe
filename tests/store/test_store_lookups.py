"""Keys that go in as one parameter come out as rows, on either store."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bridge.store import Database
from bridge.store.lookups import as_keys, keys_given_as


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.close()


@pytest.mark.parametrize("keys", [[], ["a"], ['it\'s "one"', "ключ", "\\", "50%", "a"]])
def test_keys_become_rows_as_they_were_given(database, keys):
    listed = keys_given_as("keys")
    with database.read() as connection:
        found = connection.execute(select(listed.c.value), {"keys": as_keys(keys)}).scalars().all()
    assert found == keys
