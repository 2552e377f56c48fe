"""Keys that were good a moment ago, and how soon they are no longer believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bridge.accounts import KEYS_CHANGED, Caller
from bridge.intake.remembered import RememberedKeys
from bridge.store import Database

CALLER = Caller(account_id="main", key_id="k", test=False)
HEADERS = {"authorization": "Bearer hb_live_1"}


class Door:
    def __init__(self, database: Database) -> None:
        self.now = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)
        self.asked = 0
        self.database = database
        self.keys = RememberedKeys(database, lambda: self.now)

    def ask(self) -> Caller:
        self.asked += 1
        return CALLER

    def revoke(self) -> None:
        self.database.transact(lambda tx: tx.wake(KEYS_CHANGED))


@pytest.fixture
def door(sqlite_url: str) -> Iterator[Door]:
    database = Database(sqlite_url)
    yield Door(database)
    database.close()


def test_a_key_that_was_good_is_believed_for_a_second(door):
    assert door.keys.recall(HEADERS) is None
    door.keys.ask(HEADERS, door.ask)
    door.now += timedelta(milliseconds=999)
    assert door.keys.recall(HEADERS) == CALLER
    door.now += timedelta(milliseconds=1)
    assert door.keys.recall(HEADERS) is None


def test_a_key_revoked_by_this_process_is_not_believed_for_a_moment_longer(door):
    door.keys.ask(HEADERS, door.ask)
    door.revoke()
    assert door.keys.recall(HEADERS) is None


def test_a_key_revoked_while_the_store_is_asked_is_not_remembered(door):
    def ask_late() -> Caller:
        door.revoke()
        assert door.keys.recall(HEADERS) is None  # another call, which learns of it first
        return CALLER

    door.keys.ask(HEADERS, ask_late)
    assert door.keys.recall(HEADERS) is None


def test_another_key_is_asked_for_by_itself(door):
    door.keys.ask(HEADERS, door.ask)
    assert door.keys.recall({"authorization": "Bearer hb_live_2"}) is None


def test_a_signed_request_is_never_remembered(door):
    signed = {"handoff-key": "k", "webhook-signature": "v1,x"}
    door.keys.ask(signed, door.ask)
    assert door.keys.recall(signed) is None
