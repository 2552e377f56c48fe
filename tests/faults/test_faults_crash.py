"""Processes that die at the worst moment: nothing that was promised is lost, and nothing is done twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dying
import pytest
import requests
from bridges import hand_over, pay
from fleet import Process, answers_ready, free_port, wait_for
from killed_shop import killed_shop

from bridge.app import build_web
from bridge.store import tables
from sandbox.faults import Fault
from sandbox.server import serve

#: short enough for a test to wait for, long enough for every call it makes
LEASE_SECONDS = 3.0
PATIENCE_SECONDS = 60.0
TICKETS = "POST /api/v2/tickets*"
WORKERS = [
    pytest.param(["worker"], "postgres", marks=pytest.mark.postgres),
    (["run", "--port", "0"], "sqlite"),
]


@pytest.fixture
def shop(request, store, tmp_path):
    with killed_shop(request.getfixturevalue(f"{store}_url"), tmp_path) as shop:
        yield shop


@pytest.fixture
def start(shop, tmp_path):
    """Give how to start a process that dies at a point of `dying`; it is killed after the test."""
    started = []

    def start_it(*command, dies="never"):
        program = (str(Path(dying.__file__)), dies, str(LEASE_SECONDS))
        process = Process(list(command), shop.environment, tmp_path / f"{command[0]}.log", program)
        process.start()
        started.append(process)
        return process

    yield start_it
    for one in started:
        one.kill()


def serving(start, **how):
    """Return a web process and the port it listens at."""
    port = free_port()
    web = start("web", "--port", str(port), **how)
    wait_for(lambda: answers_ready(port), PATIENCE_SECONDS)
    return web, port


def dies(process):
    wait_for(lambda: process.ended() is not None, PATIENCE_SECONDS)
    return process.ended() == -9


def settled_by_another(shop):
    """Pay as another worker would, until nothing is owed any more."""
    wait_for(lambda: pay(shop.bridge) + 1 and shop.owed() == 0, PATIENCE_SECONDS)


def held_up(shop, *, seconds):
    shop.sandbox.script.add(Fault(vendor="zendesk", call=TICKETS, action="delay", seconds=seconds))


def under_way(shop):
    wait_for(lambda: shop.sandbox.script.left() == (), PATIENCE_SECONDS)


def seconds_to_end(process):
    began = time.monotonic()
    assert process.stop() == 0
    return time.monotonic() - began


@pytest.mark.parametrize("store", ["sqlite"])
def test_fault_01_a_process_that_dies_before_its_202_has_kept_the_handoff(shop, start):
    """The process dies when a handoff is on disk and the 202 is not sent: the same key gets the same handoff."""
    web, port = serving(start, dies="accepted")
    with pytest.raises(requests.ConnectionError):
        shop.post(port)
    assert dies(web)
    (kept,) = shop.rows(tables.handoffs)
    with serve(build_web(shop.bridge)) as other:
        again = shop.post(other.port)
    assert (again.status_code, again.json()["id"]) == (202, kept.handoff_id)
    assert [row.handoff_id for row in shop.rows(tables.handoffs)] == [kept.handoff_id]
    assert len(shop.deliveries("open_ticket")) == 1


@pytest.mark.parametrize("store", ["postgres"])
@pytest.mark.postgres
def test_fault_02_a_ticket_made_by_a_worker_that_died_is_adopted(shop, start):
    """The worker dies when the helpdesk has the ticket and we do not: the next one looks, and adopts it."""
    handoff_id = hand_over(shop.bridge)
    assert dies(start("worker", dies="ticket made"))
    assert shop.tickets() == {handoff_id: 1}
    assert shop.rows(tables.handoffs)[0].ticket is None
    settled_by_another(shop)
    (ticket_id,) = shop.sandbox.zendesk.store.tickets
    assert shop.rows(tables.handoffs)[0].ticket["id"] == str(ticket_id)
    assert shop.asked("zendesk", "POST") == 1


@pytest.mark.parametrize("store", ["sqlite"])
def test_fault_06_a_card_posted_by_a_worker_that_died_is_adopted(shop, start):
    """The worker dies when the card is posted and we do not know it: the next one finds it by its mark."""
    handoff_id = hand_over(shop.bridge)
    assert dies(start("worker", dies="card posted"))
    assert shop.cards() == {handoff_id: 1}
    settled_by_another(shop)
    assert shop.cards() == {handoff_id: 1}
    card = shop.rows(tables.handoffs)[0].card
    posted = shop.sandbox.slack.workspace.channels[card["channel"]].message(card["message"])
    assert posted.metadata["event_payload"]["handoff_id"] == handoff_id


@pytest.mark.parametrize("store", ["postgres"])
@pytest.mark.postgres
def test_fault_07_what_a_dead_worker_held_is_taken_over(shop, start):
    """A worker dies with a claim in hand: its lease runs out, another takes it, and the attempt's number rises."""
    handoff_id = hand_over(shop.bridge)
    assert dies(start("worker", dies="claimed"))
    (held,) = shop.deliveries("open_ticket")
    settled_by_another(shop)
    (settled,) = shop.deliveries("open_ticket")
    assert (held.attempts, settled.attempts, settled.state) == (1, 2, "settled")
    assert settled.settled_at > held.lease_until
    assert shop.tickets() == {handoff_id: 1}


@pytest.mark.parametrize(("command", "store"), WORKERS)
def test_fault_15_a_worker_told_to_stop_finishes_the_call_it_has_begun(shop, start, command):
    """A worker is told to stop: it claims nothing more, finishes the call under way, and ends well."""
    held_up(shop, seconds=1.5)
    first, worker = hand_over(shop.bridge, "wa-1"), start(*command)
    under_way(shop)
    assert seconds_to_end(worker) < 5
    hand_over(shop.bridge, "wa-2")
    assert [row.state for row in shop.deliveries("open_ticket")] == ["settled", "owed"]
    assert shop.tickets() == {first: 1}


@pytest.mark.parametrize(("command", "store"), WORKERS)
def test_fault_15_a_call_that_takes_longer_than_the_time_left_is_looked_for_later(shop, start, command):
    """Five seconds to live are not enough for a slow call: the process ends in time, and another looks for it."""
    held_up(shop, seconds=6)
    handoff_id, worker = hand_over(shop.bridge), start(*command)
    under_way(shop)
    assert seconds_to_end(worker) < 5.5
    assert shop.deliveries("open_ticket")[0].lease is not None
    wait_for(shop.tickets, PATIENCE_SECONDS)
    settled_by_another(shop)
    assert shop.tickets() == {handoff_id: 1}


@pytest.mark.parametrize("store", ["sqlite"])
def test_fault_15_a_web_process_ends_in_time_though_a_bot_waits_for_its_ticket(shop, start):
    """A web process is told to stop while a request waits for its ticket: that is answered, and it ends well."""
    web, port = serving(start)
    with ThreadPoolExecutor(1) as bot:
        waiting = bot.submit(shop.post, port, wait="ticketed", timeout_seconds=10)
        wait_for(lambda: shop.rows(tables.handoffs), PATIENCE_SECONDS)
        assert seconds_to_end(web) < 5
    answer = waiting.result()
    assert (answer.status_code, answer.json()["ticket"]) == (202, None)
