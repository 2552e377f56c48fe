"""A small day of the simulation: the same seed plays the same, and what is wrong is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from bridge.store import tables
from sandbox.simulation.day import Day, Plan

SMALL = ("--conversations", "25", "--hours", "0.4", "--seed", "7", "--json")


def played(hash_seed: str) -> subprocess.Popen[str]:
    """Begin a small day in a process whose sets and dictionaries of text are laid out in another way."""
    command = [sys.executable, "-m", "bridge.cli", "simulate", *SMALL]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_the_same_seed_plays_the_same_day_and_every_rule_holds():
    processes = [played("1"), played("2")]
    told = [json.loads(process.communicate(timeout=300)[0]) for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert told[0] == told[1]
    assert told[0]["handoffs"] >= 10
    assert told[0]["accidents"]["calls"]
    assert told[0]["broken"] == []


@pytest.fixture(scope="module")
def day(tmp_path_factory: Any) -> Iterator[Day]:
    """Return a calm day that is over, in which every rule held."""
    plan = Plan(seed=3, conversations=20, hours=0.3, calm=True, afterwards=timedelta(hours=1.5))
    one = Day(plan, Path(tmp_path_factory.mktemp("day")))
    assert one.play().broken == []
    yield one
    one.close()


def ticketed(day: Day) -> Any:
    tickets = day.zendesk.store.tickets
    return next(ticket for ticket in tickets.values() if ticket["external_id"])


def doubled_ticket(day: Day) -> None:
    day.zendesk.store.tickets[99_999] = {**ticketed(day), "id": 99_999}


def lost_card(day: Day) -> None:
    channel = next(one for one in day.slack.workspace.channels.values() if one.top_level())
    channel.messages.remove(channel.top_level()[0])


def answer_that_was_none(day: Day) -> None:
    answered = tables.handoffs.c.answered_at
    changed(day, update(tables.handoffs).where(answered.is_not(None)).values(answered_at=None))


def early_rung(day: Day) -> None:
    late = timedelta(hours=1)
    clocks = tables.clocks
    with day.database.read() as connection:
        fired = connection.execute(select(clocks).where(clocks.c.state == "fired")).first()
    assert fired is not None
    this = (clocks.c.handoff_id == fired.handoff_id, clocks.c.rung == fired.rung)
    changed(day, update(clocks).where(*this).values(due_at=fired.settled_at + late))


def rung_fired_twice(day: Day) -> None:
    timeline = tables.timeline
    with day.database.read() as connection:
        event = connection.execute(select(timeline).where(timeline.c.event == "escalated")).first()
    assert event is not None
    changed(day, insert(timeline).values({**event._mapping, "number": 9_999}))


def lost_handoff(day: Day) -> None:
    with day.database.read() as connection:
        found = connection.execute(select(tables.handoffs.c.handoff_id)).scalars().first()
    for table in (tables.timeline, tables.clocks, tables.deliveries, tables.handoffs):
        changed(day, delete(table).where(table.c.handoff_id == found))


def unpaid_delivery(day: Day) -> None:
    deliveries = tables.deliveries
    changed(day, update(deliveries).where(deliveries.c.kind == "update_card").values(state="owed"))


def changed(day: Day, statement: Any) -> None:
    day.database.transact(lambda tx: tx.execute(statement))


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (doubled_ticket, "has 2 tickets"),
        (lost_card, "has no card"),
        (early_rung, "fired before it was due"),
        (rung_fired_twice, "escalated 2 times"),
        (unpaid_delivery, "update_card is owed still"),
        (answer_that_was_none, "the bridge says None"),
        (lost_handoff, "was accepted and is not in the store"),
    ],
)
def test_what_is_wrong_is_told(day: Day, tamper: Callable[[Day], None], told: str):
    before = day.broken_rules()
    tamper(day)
    after = set(day.broken_rules()) - set(before)
    assert any(told in line for line in after), after
