"""Each action of the fault script, as an ordinary HTTP client meets it."""

from __future__ import annotations

import time

import pytest
import requests

from sandbox.faults import Fault, FaultScript


def post(shop, item="tea"):
    return requests.post(f"{shop.url}/orders", json={"item": item}, timeout=5)


def test_without_a_fault_the_call_goes_well(shop):
    assert post(shop).status_code == 201
    assert shop.orders == [{"item": "tea"}]


def test_delay_answers_late(shop):
    shop.goes_wrong("delay", seconds=0.05)
    began = time.monotonic()
    assert post(shop).status_code == 201
    assert time.monotonic() - began >= 0.05


def test_delay_does_the_work_for_a_client_that_has_given_up(shop):
    shop.goes_wrong("delay", seconds=0.06)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{shop.url}/orders", json={"item": "tea"}, timeout=0.02)
    post(shop)
    until = time.monotonic() + 5
    while len(shop.orders) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(shop.orders) == 2


def test_reset_before_breaks_the_connection_with_nothing_done(shop):
    shop.goes_wrong("reset_before")
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(shop)
    assert shop.orders == []


def test_reset_after_does_the_work_and_breaks_the_connection(shop):
    shop.goes_wrong("reset_after")
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(shop)
    assert shop.orders == [{"item": "tea"}]


def test_a_reset_leaves_the_server_fit_for_the_next_call(shop):
    shop.goes_wrong("reset_after")
    with pytest.raises(requests.ConnectionError):
        post(shop)
    assert post(shop, "milk").json() == {"id": 2}


def test_status_answers_429_with_its_delay_and_does_nothing(shop):
    shop.goes_wrong("status", status=429, retry_after="7")
    answer = post(shop)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert shop.orders == []


def test_status_carries_the_body_it_was_given(shop):
    shop.goes_wrong("status", status=503, body='{"error":"resting"}')
    assert post(shop).json() == {"error": "resting"}


@pytest.mark.parametrize("status", [200, 502])
def test_html_answers_a_page_instead_of_json(shop, status):
    shop.goes_wrong("html", status=status)
    answer = post(shop)
    assert answer.status_code == status
    assert answer.text.startswith("<!doctype html>")
    assert shop.orders == []


def test_duplicate_handles_the_request_twice(shop):
    shop.goes_wrong("duplicate")
    assert post(shop).json() == {"id": 2}
    assert shop.orders == [{"item": "tea"}, {"item": "tea"}]


def test_a_fault_is_used_up_after_its_times(shop):
    shop.goes_wrong("status", status=500, times=2)
    assert [post(shop).status_code for _ in range(3)] == [500, 500, 201]


def test_the_journal_tells_what_was_done_to_each_call(shop):
    shop.goes_wrong("reset_before")
    with pytest.raises(requests.ConnectionError):
        post(shop)
    post(shop)
    told = [(e.vendor, e.method, e.path, e.status, e.fault) for e in shop.journal.entries()]
    assert told == [
        ("shop", "POST", "/orders", None, "reset_before"),
        ("shop", "POST", "/orders", 201, None),
    ]


def test_the_journal_gives_only_what_came_after_a_number(shop):
    post(shop)
    post(shop)
    assert [entry.number for entry in shop.journal.entries(after=1)] == [2]


def test_the_script_matches_vendor_and_call_by_pattern():
    script = FaultScript()
    script.add(Fault(vendor="zendesk", call="* /api/v2/tickets*", action="delay"))
    assert script.take("freshdesk", "POST", "/api/v2/tickets") is None
    assert script.take("zendesk", "GET", "/api/v2/users/me.json") is None
    assert script.take("zendesk", "PUT", "/api/v2/tickets/7.json") is not None
    assert script.left() == ()


@pytest.mark.parametrize("wrong", [{"times": 0}, {"seconds": -1.0}, {"status": 99}, {"action": "explode"}])
def test_nonsense_is_refused_when_a_fault_is_made(wrong):
    with pytest.raises(ValueError, match=r"fault needs|explode"):
        Fault(**({"vendor": "*", "call": "*", "action": "delay"} | wrong))
