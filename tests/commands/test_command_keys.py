"""Migrating a store, and the keys with which bots call."""

from __future__ import annotations

import sqlite3

import pytest
from cryptography.fernet import Fernet

from bridge.store import Database
from bridge.store.migrate import is_current


def test_migrate_makes_an_empty_store_current_and_may_run_again(handoff, empty_url):
    first, second = (handoff("migrate", HANDOFF_DATABASE_URL=empty_url) for _ in range(2))
    assert (first.status, second.status) == (0, 0)
    database = Database(empty_url)
    assert is_current(database)
    database.close()


def test_a_new_key_is_shown_once_and_kept_as_a_hash(handoff, sqlite_url):
    made = handoff("keys", "create", "--name", "shop-bot", "--json").json
    assert set(made) == {"key_id", "key", "signing_secret"}
    listed = handoff("keys", "list", "--json")
    assert [key["key_id"] for key in listed.json] == [made["key_id"]]
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as store:
        stored = str(store.execute("SELECT * FROM keys").fetchall())
    for secret in (made["key"], made["signing_secret"]):
        assert secret not in listed.out
        assert secret not in stored


def test_a_new_key_is_told_to_people_with_the_advice_to_keep_it(handoff):
    told = handoff("keys", "create", "--name", "shop-bot")
    assert told.status == 0
    assert "whsec_" in told.out
    assert "not shown again" in told.out


def test_the_list_tells_names_and_what_is_revoked(handoff):
    kept = handoff("keys", "create", "--name", "shop-bot", "--json").json
    closed = handoff("keys", "create", "--name", "old-bot", "--test", "--json").json
    assert handoff("keys", "revoke", closed["key_id"]).out == f"{closed['key_id']} is revoked.\n"
    lines = {line.split()[0]: line for line in handoff("keys", "list").out.splitlines()}
    assert lines[kept["key_id"]].endswith("shop-bot")
    assert " open " in lines[kept["key_id"]]
    assert " revoked " in lines[closed["key_id"]]


def test_a_store_without_keys_says_how_to_make_one(handoff):
    assert "handoff keys create" in handoff("keys", "list").out
    assert handoff("keys", "list", "--json").json == []


@pytest.mark.parametrize("again", [False, True])
def test_revoking_what_is_not_open_is_refused(handoff, again):
    key_id = "key_of_nobody"
    if again:
        key_id = handoff("keys", "create", "--name", "shop-bot", "--json").json["key_id"]
        assert handoff("keys", "revoke", key_id, "--json").json == {"key_id": key_id, "revoked": True}
    told = handoff("keys", "revoke", key_id)
    assert (told.status, told.out) == (2, "")
    assert "`handoff keys list` shows them" in told.err


def test_a_new_key_for_secrets_serves_at_once_and_is_never_the_same(handoff):
    first, second = (handoff("secrets", "new").out.strip() for _ in range(2))
    assert first != second
    Fernet(first)
    assert handoff("keys", "create", "--name", "bot", HANDOFF_SECRET_KEYS=first).status == 0
