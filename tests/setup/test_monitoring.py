"""The alert rules and the dashboard ask for measures that there are, by labels that they have."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from bridges import Clock, a_bridge, hand_over, pay, write_example_desk
from prometheus_client.parser import text_string_to_metric_families

from bridge.feeds.rows import keep
from bridge.handoffs import clocks
from bridge.web.measures import measures
from connectors.errors import Rejected

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
MEASURE = re.compile(r"\bhandoff_\w+")


def rules() -> list[dict[str, object]]:
    (group,) = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def asked() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every question."""
    for rule in rules():
        yield str(rule["alert"]), str(rule["expr"])
    for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def told(tmp_path_factory, sqlite_template) -> dict[str, set[str]]:
    """Return every measure of a bridge that has seen everything once, with its labels."""
    folder = tmp_path_factory.mktemp("monitored")
    store = folder / "handoff.db"
    store.write_bytes(sqlite_template.read_bytes())
    clock = Clock(datetime(2026, 11, 21, 12, 52, tzinfo=UTC))
    with a_bridge(f"sqlite:///{store}", write_example_desk(folder), clock) as bridge:
        bridge.database.transact(lambda tx: keep(tx, "main", "team", (), clock()))
        bridge.connectors.helpdesks["helpdesk"].fail_before(Rejected("helpdesk", "no"))
        hand_over(bridge)
        pay(bridge)
        clock.later(minutes=3)
        with bridge.database.read() as connection:
            due = clocks.due(connection, clock(), 10)
            account = bridge.accounts.of(connection, "main")
        for one in due:
            bridge.database.transact(lambda tx, one=one: clocks.fire(tx, account, one, clock()))
        text = measures(bridge.database, clock() + timedelta(minutes=1)).decode()
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return found


@pytest.mark.parametrize(("name", "question"), list(asked()), ids=lambda part: part[:30])
def test_each_question_asks_for_measures_and_labels_that_there_are(told, name, question):
    measured = MEASURE.findall(question)
    assert measured
    known = set().union(*(told[measure] for measure in measured if measure in told))
    assert [measure for measure in measured if measure not in told] == []
    grouped = [label for by in re.findall(r"by \(([^)]*)\)", question) for label in by.split(", ")]
    filtered = re.findall(r"[{,](\w+)=~?\"", question.replace('up{job="handoff-bridge"}', ""))
    assert set(grouped) | set(filtered) <= known


def test_each_alert_says_what_it_is_and_what_to_do():
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "do"}
        assert rule["labels"]["severity"] in ("page", "ticket")
