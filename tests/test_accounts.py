"""Accounts: whose key it is, what it may see, which desk is in force."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bridge.accounts import MAIN, Accounts, NoDesk
from bridge.desk.mistakes import DeskRefused
from bridge.intake.api import intake_routes
from bridge.intake.problems import Problem, answer_problem
from bridge.intake.service import Intake
from bridge.people import alerts, covers
from bridge.roster.alerts import AlertRules
from bridge.roster.covers import Cover
from bridge.roster.on_duty import on_duty
from bridge.security.signatures import sign
from bridge.security.vault import KeysUnreadable, Tampered, Vault
from bridge.store import Database, tables
from connectors.registry import CHATS, HELPDESKS
from sandbox.server import serve

OTHER = "other"
KEYS = tables.keys
KEY = Fernet.generate_key().decode()


def accounts_with(*secret_keys: str) -> Accounts:
    return Accounts(Vault(list(secret_keys)), helpdesk_vendors=HELPDESKS, chat_vendors=CHATS)


@pytest.fixture
def accounts() -> Accounts:
    return accounts_with(KEY)


@pytest.fixture
def desk_file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_bytes((resources.files("bridge.desk") / "example.yaml").read_bytes())
    return path


@pytest.fixture
def database(database_url, accounts, frozen_now):
    """Give a store with two accounts."""
    database = Database(database_url)
    for account_id in (MAIN, OTHER):
        database.transact(lambda tx, account_id=account_id: accounts.ensure(tx, account_id, {}, frozen_now))
    yield database
    database.close()


def make_key(database, accounts, now, account_id=MAIN):
    return database.transact(lambda tx: accounts.create_key(tx, account_id, "bot", now))


def test_a_key_tells_whose_it_is_and_a_revoked_one_nothing(database, accounts, frozen_now):
    key = make_key(database, accounts, frozen_now, OTHER)
    with database.read() as connection:
        caller = accounts.caller(connection, key.bearer)
    assert (caller.account_id, caller.key_id) == (OTHER, key.key_id)
    assert not database.transact(lambda tx: accounts.revoke_key(tx, MAIN, key.key_id, frozen_now))
    assert database.transact(lambda tx: accounts.revoke_key(tx, OTHER, key.key_id, frozen_now))
    with database.read() as connection:
        assert accounts.caller(connection, key.bearer) is None
        assert accounts.signer(connection, key.key_id) is None


@pytest.mark.parametrize("owner", [MAIN, OTHER])
def test_fault_67_a_sealed_secret_copied_to_another_row_is_refused(database, accounts, frozen_now, owner):
    """A sealed secret is copied to another key's row: it opens nothing there."""
    mine = make_key(database, accounts, frozen_now)
    target = make_key(database, accounts, frozen_now, owner)
    sealed = select(KEYS.c.sealed_secret).where(KEYS.c.key_id == mine.key_id).scalar_subquery()
    database.transact(
        lambda tx: tx.execute(update(KEYS).where(KEYS.c.key_id == target.key_id).values(sealed_secret=sealed))
    )
    with database.read() as connection:
        assert accounts.signer(connection, mine.key_id)[1] == mine.signing_secret
        with pytest.raises(Tampered):
            accounts.signer(connection, target.key_id)


def test_a_new_deployment_key_opens_what_the_old_one_sealed(database, accounts, frozen_now):
    key = make_key(database, accounts, frozen_now)
    both = accounts_with(Fernet.generate_key().decode(), KEY)
    with database.read() as connection:
        assert both.signer(connection, key.key_id)[1] == key.signing_secret


def test_the_keys_of_another_deployment_are_refused_when_the_account_is_opened(database, frozen_now):
    stranger = accounts_with(Fernet.generate_key().decode())
    with pytest.raises(KeysUnreadable):
        database.transact(lambda tx: stranger.ensure(tx, MAIN, {}, frozen_now))


def test_an_account_and_its_connections_are_made_once(database, accounts, frozen_now):
    for vendors in ({"zendesk": "zendesk"}, {"zendesk": "zendesk", "slack": "slack"}):
        database.transact(lambda tx, vendors=vendors: accounts.ensure(tx, MAIN, vendors, frozen_now))
    with database.read() as connection:
        names = connection.execute(select(tables.connections.c.connection)).scalars().all()
    assert sorted(names) == ["slack", "zendesk"]


@contextmanager
def front_door(database, accounts, now):
    """Serve the intake; give its address."""
    app = FastAPI()
    app.add_exception_handler(Problem, answer_problem)
    app.include_router(intake_routes(Intake(database=database, accounts=accounts, clock=lambda: now)))
    with serve(app) as running:
        yield f"{running.url}/v1/handoffs"


def test_a_request_signed_by_a_secret_that_was_tampered_with_is_401_and_an_alarm(
    database, accounts, desk_file, frozen_now
):
    load(database, accounts, desk_file, frozen_now)
    key = make_key(database, accounts, frozen_now)
    database.transact(lambda tx: tx.execute(update(KEYS).values(sealed_secret=b"\x01" + b"0" * 60)))
    body = b'{"conversation_id": "wa-1", "channel": "web", "trigger": {"kind": "asked"}}'
    headers = {**sign([key.signing_secret], "msg_1", frozen_now, body), "Handoff-Key": key.key_id}
    with front_door(database, accounts, frozen_now) as url, capture_logs() as logs:
        assert requests.post(url, data=body, headers=headers, timeout=5).status_code == 401
        bearer = {"Authorization": f"Bearer {key.bearer}"}
        assert requests.post(url, data=body, headers=bearer, timeout=5).status_code == 202
    assert logs == [{"event": "sealed_secret_refused", "key": key.key_id, "log_level": "error"}]


def test_fault_66_a_key_of_one_account_sees_no_handoff_of_another(database, accounts, desk_file, frozen_now):
    """One company's key asks for another's handoff: 404 as for one that never was, and a line in the log."""
    for account_id in (MAIN, OTHER):
        database.transact(
            lambda tx, account_id=account_id: accounts.load_desk(tx, account_id, desk_file, frozen_now)
        )
    mine, theirs = (make_key(database, accounts, frozen_now, one).bearer for one in (MAIN, OTHER))
    body = {"conversation_id": "wa-1", "channel": "web", "trigger": {"kind": "asked"}}

    def call(key, method, path="", content=None):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "the-same"}
        return requests.request(method, url + path, json=content, headers=headers, timeout=5)

    with front_door(database, accounts, frozen_now) as url, capture_logs() as logs:
        first = call(mine, "POST", content=body).json()["id"]
        second = call(theirs, "POST", content=body).json()["id"]
        assert first != second  # the same conversation and Idempotency-Key, of two companies
        assert call(mine, "GET", f"/{first}").status_code == 200
        hidden = [
            call(theirs, "GET", f"/{first}"),
            call(theirs, "GET", f"/{first}/timeline"),
            call(theirs, "PATCH", f"/{first}", {"topic": "x"}),
            call(theirs, "POST", f"/{first}/messages", {"messages": [{"speaker": "customer", "text": "x"}]}),
            call(theirs, "POST", f"/{first}/withdraw", {}),
        ]
        assert {(answer.status_code, answer.json()["code"]) for answer in hidden} == {
            (404, "unknown_handoff")
        }
        assert call(mine, "GET", f"/{first}").json()["state"] == "open"
    asked = [line for line in logs if line["event"] == "unknown_handoff_asked_for"]
    assert [line["account"] for line in asked] == [OTHER] * len(hidden)


def load(database, accounts, desk_file, now):
    return database.transact(lambda tx: accounts.load_desk(tx, MAIN, desk_file, now))


def test_the_same_desk_twice_is_one_version(database, accounts, desk_file, frozen_now):
    versions = [load(database, accounts, desk_file, frozen_now) for _ in range(2)]
    desk_file.write_text(desk_file.read_text() + "# edited\n")
    versions.append(load(database, accounts, desk_file, frozen_now))
    assert versions == [1, 1, 2]
    with database.read() as connection:
        assert accounts.of(connection, MAIN).desk_version == 2


def test_a_desk_of_before_may_come_back_as_a_new_version(database, accounts, desk_file, frozen_now):
    first = desk_file.read_text()
    versions = []
    for text in (first, first + "# edited\n", first):
        desk_file.write_text(text)
        versions.append(load(database, accounts, desk_file, frozen_now))
    assert versions == [1, 2, 3]


@pytest.mark.parametrize("bad", [b"timezone: Oz\n", b"\xff\xfe", None], ids=["mistakes", "no_text", "gone"])
def test_a_desk_that_cannot_be_used_is_kept_by_nobody(database, accounts, desk_file, frozen_now, bad):
    load(database, accounts, desk_file, frozen_now)
    desk_file.unlink() if bad is None else desk_file.write_bytes(bad)
    with pytest.raises(DeskRefused):
        load(database, accounts, desk_file, frozen_now)
    with database.read() as connection:
        assert accounts.of(connection, MAIN).desk_version == 1


def test_a_desk_saved_with_a_byte_order_mark_is_read_like_any_other(
    database, accounts, desk_file, frozen_now
):
    desk_file.write_bytes(b"\xef\xbb\xbf" + desk_file.read_bytes())
    assert load(database, accounts, desk_file, frozen_now) == 1
    with database.read() as connection:
        assert accounts.of(connection, MAIN).desk.zone == "Asia/Kolkata"


def test_an_account_without_a_desk_says_so(database, accounts):
    with database.read() as connection, pytest.raises(NoDesk):
        accounts.of(connection, MAIN)


def a_cover(now, cover_id="cv_1", **changes):
    made = Cover(
        cover_id=cover_id,
        owner="asha",
        in_place_of="ravi",
        channels=("web",),
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        made_by="asha",
        made_at=now,
    )
    return replace(made, **changes)


def owner_now(database, accounts, now):
    with database.read() as connection:
        duty = on_duty(accounts.of(connection, MAIN).desk.roster, "web", now)
    return duty and duty.owner


def test_what_people_set_in_one_process_counts_in_every_other(database, accounts, desk_file, frozen_now):
    database.transact(lambda tx: accounts.load_desk(tx, MAIN, desk_file, frozen_now))
    other = accounts_with(KEY)
    assert owner_now(database, other, frozen_now) == "ravi"

    database.transact(lambda tx: covers.make(tx, MAIN, a_cover(frozen_now)))
    assert owner_now(database, other, frozen_now) == "asha"

    database.transact(lambda tx: covers.end(tx, MAIN, [a_cover(frozen_now)], "ravi", frozen_now))
    assert owner_now(database, other, frozen_now) == "ravi"


def test_a_cover_is_made_once(database, accounts, frozen_now):
    made = [database.transact(lambda tx: covers.make(tx, MAIN, a_cover(frozen_now))) for _ in range(2)]

    assert made == [True, False]


def test_covers_long_over_are_forgotten_when_another_is_made(database, accounts, frozen_now):
    long_ago = frozen_now - timedelta(days=31)
    for cover in (
        a_cover(long_ago, "cv_old"),
        a_cover(frozen_now - timedelta(days=29), "cv_known"),
        a_cover(frozen_now),
    ):
        database.transact(lambda tx, cover=cover: covers.make(tx, MAIN, cover))

    with database.read() as connection:
        assert [cover.cover_id for cover in covers.read(connection, MAIN)] == ["cv_known", "cv_1"]


def test_a_cover_of_one_account_counts_in_no_other(database, accounts, desk_file, frozen_now):
    database.transact(lambda tx: accounts.load_desk(tx, MAIN, desk_file, frozen_now))
    database.transact(lambda tx: covers.make(tx, OTHER, a_cover(frozen_now)))
    database.transact(lambda tx: alerts.keep(tx, OTHER, "asha", AlertRules(mine=True)))

    assert owner_now(database, accounts, frozen_now) == "ravi"
    with database.read() as connection:
        assert accounts.of(connection, MAIN).alerts == {}


def test_a_cover_is_told_in_the_log(database, accounts, frozen_now):
    with capture_logs() as told:
        database.transact(lambda tx: covers.make(tx, MAIN, a_cover(frozen_now)))
        database.transact(lambda tx: covers.end(tx, MAIN, [a_cover(frozen_now)], "ravi", frozen_now))

    made, ended = (line for line in told if line["event"].startswith("cover_"))
    assert (made["owner"], made["in_place_of"], made["made_by"]) == ("asha", "ravi", "asha")
    assert (ended["cover"], ended["by"]) == ("cv_1", "ravi")
