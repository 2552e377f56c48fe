"""`handoff purge`: says what it would do, does it, and refuses what it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bridges import a_bridge, change, hand_over
from sqlalchemy import func, select, update

from bridge.handoffs import lifecycle
from bridge.store import Database, tables


@pytest.fixture
def old_handoff(sqlite_url, desk_file):
    """Leave one handoff that was withdrawn 40 days ago in the store."""
    with a_bridge(sqlite_url, desk_file) as bridge:
        handoff_id = hand_over(bridge)
        change(bridge, handoff_id, lambda opened: lifecycle.withdraw(opened, None))
        closed = {"closed_at": datetime.now(UTC) - timedelta(days=40)}
        paid = {"state": "settled"}
        bridge.database.transact(lambda tx: tx.execute(update(tables.handoffs).values(**closed)))
        bridge.database.transact(lambda tx: tx.execute(update(tables.deliveries).values(**paid)))


def kept(url):
    database = Database(url)
    try:
        with database.read() as connection:
            return connection.execute(select(func.count()).select_from(tables.handoffs)).scalar()
    finally:
        database.close()


@pytest.mark.usefixtures("old_handoff")
def test_a_dry_run_counts_and_removes_nothing(handoff, sqlite_url):
    told = handoff("purge", "--older-than-days", "30", "--dry-run", "--json")
    assert (told.status, told.json["handoffs"], told.json["dry_run"], kept(sqlite_url)) == (0, 1, True, 1)


@pytest.mark.usefixtures("old_handoff")
def test_what_is_old_enough_goes_and_the_rest_stays(handoff, sqlite_url):
    assert handoff("purge", "--older-than-days", "60", "--json").json["handoffs"] == 0
    told = handoff("purge", "--older-than-days", "30")
    assert told.out.startswith("1 handoffs closed before")
    assert kept(sqlite_url) == 0


@pytest.mark.usefixtures("old_handoff")
def test_the_setting_says_how_old_where_the_command_does_not(handoff, sqlite_url):
    assert handoff("purge", HANDOFF_RETENTION_DAYS="35").status == 0
    assert kept(sqlite_url) == 0


def test_without_an_age_nothing_is_removed(handoff):
    told = handoff("purge")
    assert (told.status, "--older-than-days N" in told.err) == (2, True)


def test_an_age_of_a_few_days_is_refused(handoff):
    told = handoff("purge", "--older-than-days", "3")
    assert (told.status, "30 or more" in told.err) == (2, True)


def test_an_account_nobody_knows_is_refused(handoff):
    told = handoff("purge", "--older-than-days", "30", "--account", "elsewhere")
    assert (told.status, "there is no account elsewhere" in told.err) == (2, True)
