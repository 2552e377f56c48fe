"""How the connector's session behaves: one attempt, no redirects, no secrets in what it says."""

from __future__ import annotations

import traceback

import pytest
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from freshdesk_account import DRAFT, ONCE

from connectors.base import RateReading
from connectors.errors import EVERYTHING, AccessDenied, Busy, ConnectorError, Rejected
from connectors.http_answers import TIMEOUT_SECONDS
from sandbox.freshdesk import API_KEY, GROWTH, Limits
from sandbox.server import serve

CANARY = "canary-4711"


def test_a_refused_call_is_tried_once(helpdesk, account, opened):
    for action in ("reset_before", "reset_after"):
        account.journal.clear()
        account.goes_wrong("GET tickets/*", action)
        with pytest.raises(Busy):
            helpdesk.history(opened)
        assert len(account.calls()) == 1


def test_a_redirect_is_not_followed(connect):
    asked = []
    api = FastAPI()

    @api.get("/{path:path}")
    def anything(path: str) -> RedirectResponse:
        asked.append(path)
        return RedirectResponse("/elsewhere", status_code=302)

    with serve(api) as running, pytest.raises(Rejected) as caught:
        connect(base_url=running.url).check()
    assert "redirects are not followed" in str(caught.value)
    assert asked == ["api/v2/agents/me"]


def test_the_session_waits_no_longer_than_it_says():
    assert TIMEOUT_SECONDS == (3.05, 10.0)


def test_readings_tell_what_is_left_of_the_account(helpdesk, account):
    account.freshdesk.limits.limits = GROWTH
    helpdesk.open_ticket(DRAFT, ONCE)
    assert helpdesk.readings.take() == (RateReading(limit=EVERYTHING, total=200, remaining=197, calls=3),)
    assert helpdesk.readings.take() == ()


def test_the_accounts_limit_is_named_when_nothing_is_left(helpdesk, account):
    account.freshdesk.limits.limits = Limits(account=1)
    with pytest.raises(Busy) as caught:
        helpdesk.check()
    assert caught.value.limit == EVERYTHING


@pytest.mark.parametrize("total", ["", "many", "-5", "1e9", "９", "1" * 30])
def test_headers_nobody_can_read_are_passed_over(helpdesk, total):
    from connectors.freshdesk.rates import reading

    assert reading({"X-RateLimit-Total": total, "X-RateLimit-Remaining": "5"}) is None


@pytest.mark.parametrize("address", ["", "shop.freshdesk.com", "ftp://shop", "https://", "https://shop?x=1"])
def test_a_base_address_that_is_none_is_refused_at_once(connect, address):
    with pytest.raises(ValueError, match=r"must be like https://shop\.freshdesk\.com"):
        connect(base_url=address)


def test_a_wrong_key_is_denied_by_the_account(connect):
    with pytest.raises(AccessDenied):
        connect(api_key="wrong").open_ticket(DRAFT, ONCE)


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("action", ["status", "html"])
def test_no_error_holds_the_key_or_what_the_answer_said(connect, account, status, action):
    body = f'{{"description": "{CANARY}", "errors": [{{"field": "{CANARY}", "message": "{CANARY}"}}]}}'
    account.goes_wrong("POST tickets", action, status=status, body=body, times=2)
    try:
        connect().open_ticket(DRAFT, ONCE)
    except ConnectorError as error:
        told = "".join(traceback.format_exception(error))
        assert CANARY not in told
        assert API_KEY not in told


def test_no_object_shows_the_key(connect):
    helpdesk = connect()
    assert API_KEY not in f"{helpdesk!r} {helpdesk._opening!r} {helpdesk._api!r}"
