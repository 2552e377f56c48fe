"""The front door answers whatever its own OpenAPI document says may be sent, and answers only what that says."""

from __future__ import annotations

import base64
from datetime import datetime

import pytest
import requests
from fuzzing import tries
from hypothesis import example, given
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.openapi import from_url

from bridge.accounts import MAIN

KEPT = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
ABOUT_ONE = (
    "GET /v1/handoffs/{handoff_id}",
    "GET /v1/handoffs/{handoff_id}/timeline",
    "PATCH /v1/handoffs/{handoff_id}",
    "POST /v1/handoffs/{handoff_id}/messages",
    "POST /v1/handoffs/{handoff_id}/withdraw",
)
CALLS = ("POST /v1/handoffs", "GET /v1/events", *ABOUT_ONE)
HEALTH = ("GET /livez", "GET /readyz", "GET /metrics")


@pytest.fixture
def document(town):
    """Return the document of a running bridge."""
    return from_url(f"{town.url}/openapi.json")


@pytest.fixture
def bearer(town):
    key = town.bridge.database.transact(
        lambda tx: town.bridge.accounts.create_key(tx, MAIN, "bot", town.clock())
    )
    return {"Authorization": f"Bearer {key.bearer}"}


def drawn(document, call, data):
    """Return a call as the document allows it, or a little wrong."""
    method, path = call.split()
    operation = document[path][method]
    right, wrong = (
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )
    return data.draw(right | wrong)


def test_no_call_of_the_document_is_left_out_here(document):
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in document.get_all_operations()}
    assert found == {*CALLS, *HEALTH}


@pytest.mark.parametrize("call", [*CALLS, *HEALTH])
@given(data=st.data())
@tries(10)
def test_every_answer_is_one_that_the_document_names(document, bearer, call, data):
    drawn(document, call, data).call_and_validate(headers=bearer, checks=KEPT)


@pytest.mark.parametrize("call", ABOUT_ONE)
@given(data=st.data())
@tries(10)
def test_so_is_every_answer_about_a_handoff_that_is_there(document, bearer, waiting, call, data):
    case = drawn(document, call, data)
    case.path_parameters["handoff_id"] = waiting
    case.call_and_validate(headers=bearer, checks=KEPT)


@pytest.mark.parametrize("call", CALLS)
@given(data=st.data())
@tries(3)
def test_a_stranger_gets_401_and_nothing_else(document, call, data):
    answer = drawn(document, call, data).call(headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


@given(
    at=st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | st.text(max_size=30),
    handoff_id=st.text(max_size=20),
    number=st.integers().map(str) | st.text(max_size=20),
)
@example(at="0001-01-01T00:00:00+23:59", handoff_id="ho_1", number="1")
@example(at="2026-11-21T12:52:00+00:00", handoff_id="ho_1", number="9" * 30)
@example(at="2026-11-21T12:52:00+00:00", handoff_id="\x00", number="1")
@tries(20)
def test_a_cursor_that_was_meddled_with_is_refused_or_a_place(town, bearer, at, handoff_id, number):
    cursor = base64.urlsafe_b64encode(f"{at} {handoff_id} {number}".encode()).decode().rstrip("=")
    answer = requests.get(f"{town.url}/v1/events", params={"after": cursor[:300]}, headers=bearer, timeout=10)
    assert answer.status_code in (200, 422)
