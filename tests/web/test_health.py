"""Is it alive, can it serve, and how is it doing."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

import pytest
import requests
from bridges import Clock, a_bridge, change, hand_over, pay, write_example_desk
from prometheus_client.parser import text_string_to_metric_families

from bridge.app import build_web
from bridge.handoffs import clocks, lifecycle
from bridge.worker.housekeeping import owe_polls
from connectors.errors import Rejected
from sandbox.server import serve


@pytest.fixture
def clock(frozen_now):
    return Clock(frozen_now)


@pytest.fixture
def open_web(tmp_path, clock):
    """Give how to serve a bridge on a store: `open_web(url)` → its address and the bridge."""
    with ExitStack() as closing:

        def open_it(url, **options):
            desk = write_example_desk(tmp_path)
            bridge = closing.enter_context(a_bridge(url, desk, clock, **options))
            return closing.enter_context(serve(build_web(bridge))).url, bridge

        yield open_it


def get(url):
    return requests.get(url, timeout=10)


def test_a_bridge_with_its_store_is_alive_and_ready(open_web, database_url):
    url, _ = open_web(database_url)
    assert get(f"{url}/livez").json() == {"status": "alive"}
    ready = get(f"{url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_a_store_of_another_schema_makes_it_not_ready_and_says_what_would_do(open_web, empty_database_url):
    url, _ = open_web(empty_database_url, ready=False)
    answer = get(f"{url}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert "handoff migrate" in answer.json()["reason"]


@pytest.fixture(params=["no folder", "no database", "no server"])
def store_away(request, tmp_path):
    """Return the address of a store that cannot be used, in three ways."""
    (tmp_path / "notes.txt").write_text("this is no database\n" * 100)
    return {
        "no folder": f"sqlite:///{tmp_path / 'gone' / 'handoff.db'}",
        "no database": f"sqlite:///{tmp_path / 'notes.txt'}",
        "no server": "postgresql://u:password-canary@127.0.0.1:1/shop",
    }[request.param]


def test_a_store_that_is_away_makes_it_not_ready_but_leaves_it_alive(open_web, store_away):
    url, _ = open_web(store_away, ready=False)
    answer = get(f"{url}/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the store cannot be reached"
    assert get(f"{url}/livez").status_code == 200


def test_while_the_store_is_away_everything_else_asks_to_come_again(open_web, store_away):
    url, _ = open_web(store_away, ready=False)
    body = {"conversation_id": "wa-1", "channel": "web", "trigger": {"kind": "asked"}}
    answers = [
        get(f"{url}/metrics"),
        requests.post(f"{url}/v1/handoffs", json=body, headers={"Authorization": "Bearer x"}, timeout=10),
        requests.post(f"{url}/hooks/zendesk/zendesk", data=b"{}", timeout=10),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert "password-canary" not in answer.text


def measured(url):
    """Return the samples of /metrics: (name, labels…) → value."""
    answer = get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def fire(bridge):
    with bridge.database.read() as connection:
        due = clocks.due(connection, bridge.clock(), 100)
        account = bridge.accounts.of(connection, "main")
    for one in due:
        bridge.database.transact(lambda tx, one=one: clocks.fire(tx, account, one, bridge.clock()))


def test_an_empty_bridge_has_measures_that_can_be_read(open_web, database_url):
    url, _ = open_web(database_url)
    seen = measured(url)
    assert seen["handoff_books", "account=main", "fate=missing"] == 0
    assert seen["handoff_rung_lateness_seconds_count",] == 0


def test_measures_tell_of_handoffs_and_deliveries(open_web, database_url, clock):
    url, bridge = open_web(database_url)
    settled, _ = hand_over(bridge, "wa-1"), hand_over(bridge, "wa-2")
    clock.later(seconds=6)
    pay(bridge)
    answer = {"by": "Ravi", "at": clock(), "text": "hello", "message_id": "1"}
    change(bridge, settled, lambda one: lifecycle.answered(one, **answer))
    hand_over(bridge, "wa-3")
    clock.later(seconds=7)
    seen = measured(url)
    assert seen["handoff_accepts_total", "account=main"] == 3
    assert seen["handoff_open", "account=main"] == 2
    tickets = "handoff_deliveries", "connection=helpdesk", "kind=open_ticket"
    assert (seen[*tickets, "state=settled"], seen[*tickets, "state=owed"]) == (2, 1)
    assert seen["handoff_oldest_owed_seconds", "connection=helpdesk"] == 7
    fates = [seen["handoff_books", "account=main", f"fate={fate}"] for fate in ("settled", "owed", "missing")]
    assert fates == [1, 2, 0]  # the answered one still owes its card another look


def test_what_was_given_up_is_counted_as_dead(open_web, database_url, clock):
    url, bridge = open_web(database_url)
    hand_over(bridge)
    bridge.connectors.helpdesks["helpdesk"].fail_before(Rejected("helpdesk", "no such group"))
    clock.later(seconds=6)
    pay(bridge)
    seen = measured(url)
    assert seen["handoff_deliveries", "connection=helpdesk", "kind=open_ticket", "state=dead"] == 1
    assert seen["handoff_books", "account=main", "fate=dead"] == 1


def test_the_histogram_tells_how_late_rungs_fired(open_web, database_url, clock):
    url, bridge = open_web(database_url)
    for number, late in enumerate((5, 40, 400, 70_000)):
        hand_over(bridge, f"wa-{number}", asked_at=clock() - timedelta(minutes=2.5, milliseconds=late))
    fire(bridge)
    seen = measured(url)
    name = "handoff_rung_lateness_seconds"
    counted = {le: seen[f"{name}_bucket", f"le={le}"] for le in ("0.01", "0.05", "1.0", "30.0", "+Inf")}
    assert counted == {"0.01": 1, "0.05": 2, "1.0": 3, "30.0": 3, "+Inf": 4}
    assert seen[f"{name}_count",] == 4
    assert seen[f"{name}_sum",] == pytest.approx(70.445)


def test_polls_are_no_handoffs(open_web, sqlite_url):
    url, bridge = open_web(sqlite_url)
    owe_polls(bridge.database, bridge.connectors, bridge.clock())
    seen = measured(url)
    assert ("handoff_accepts_total", "account=main") not in seen
    assert seen["handoff_books", "account=main", "fate=owed"] == 0
    assert seen["handoff_deliveries", "connection=helpdesk", "kind=read_changes", "state=owed"] == 1


def test_the_document_of_the_interface_can_be_made(open_web, sqlite_url):
    url, _ = open_web(sqlite_url)
    document = get(f"{url}/openapi.json").json()
    assert {"/v1/handoffs", "/livez", "/readyz", "/metrics"} <= set(document["paths"])
    assert "HandoffRequest" in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/no-such-thing", 404, "not_found"),
        ("GET", "/v1/handoffs/a/b/c", 404, "not_found"),
        ("DELETE", "/v1/handoffs/ho_1", 405, "method_not_allowed"),
    ],
)
def test_what_no_endpoint_takes_is_a_problem_like_any_other(open_web, sqlite_url, method, path, status, code):
    url, _ = open_web(sqlite_url)
    answer = requests.request(method, url + path, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert status != 405 or "GET" in answer.headers["allow"]
