"""`handoff held` and `handoff restored`: what waits for a yes, and how it comes to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bridges import SECRET_KEY, a_bridge, hand_over
from sqlalchemy import select, update

from bridge.handoffs.accept import PROMISE
from bridge.handoffs.rows import find
from bridge.store import tables

CLOCKS = tables.clocks


@pytest.fixture
def environment(environment):
    return {**environment, "HANDOFF_SECRET_KEYS": SECRET_KEY}


@pytest.fixture
def bridge(sqlite_url, desk_file: Path):
    with a_bridge(sqlite_url, desk_file) as bridge:
        yield bridge


@pytest.fixture
def waiting(bridge):
    """Return the id of a handoff whose clocks have all run out."""
    handoff_id = hand_over(bridge)
    past = datetime.now(UTC) - timedelta(minutes=5)
    bridge.database.transact(lambda tx: tx.execute(update(CLOCKS).values(due_at=past)))
    return handoff_id


def states(bridge):
    with bridge.database.read() as connection:
        return set(connection.execute(select(CLOCKS.c.state).where(CLOCKS.c.rung >= PROMISE)).scalars())


def an_hour_ago():
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def test_nothing_waits_at_first(handoff, bridge):
    assert handoff("held", "list").out == "Nothing waits for a yes.\n"


def test_a_restored_store_holds_what_is_overdue_and_doubts_what_is_owed(handoff, bridge, waiting):
    told = handoff("restored", "--copied-at", an_hour_ago(), "--json")
    assert told.status == 0
    assert told.json == {"calls": 2, "rungs": 5, "helpdesks": 0}
    assert states(bridge) == {"held"}
    with bridge.database.read() as connection:
        owed = connection.execute(select(tables.deliveries).where(tables.deliveries.c.handoff_id != ""))
        assert {row.state for row in owed if row.kind != "channel_note"} == {"unknown"}
    assert handoff("held", "list", "--json").json[0]["handoff_id"] == waiting


@pytest.mark.parametrize("which", ["all", "one"])
@pytest.mark.parametrize(("word", "state"), [("fire", "armed"), ("drop", "cancelled")])
def test_a_person_says_yes_or_no(handoff, bridge, waiting, which, word, state):
    handoff("restored", "--copied-at", an_hour_ago())
    told = handoff("held", word, "--all" if which == "all" else waiting, "--by", "dev")
    assert told.out.startswith("5 held clocks")
    assert states(bridge) == {state}
    with bridge.database.read() as connection:
        assert find(connection, "main", waiting).is_open


def test_an_unknown_handoff_is_refused_with_the_way_to_find_the_right_one(handoff, bridge):
    told = handoff("held", "fire", "ho_nobody")
    assert (told.status, "handoff held list" in told.err) == (2, True)


@pytest.mark.parametrize("at", ["yesterday", "2026-11-26T03:00", "2999-01-01T00:00Z"])
def test_a_moment_that_cannot_be_is_refused(handoff, bridge, at):
    assert handoff("restored", "--copied-at", at).status == 2
