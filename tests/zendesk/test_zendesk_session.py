"""Every call ends in an answer or in one of our own errors; nothing waits, retries or leaks."""

from __future__ import annotations

import inspect
import threading
from datetime import timedelta

import pytest
import requests
from fastapi import FastAPI, Response
from requests import exceptions as lost_calls
from zenpy.lib import exception as zenpy_exceptions

from connectors.base import Once, RateReading
from connectors.errors import (
    EVERYTHING,
    Busy,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from connectors.http_answers import first_delay, lost
from connectors.zendesk import ApiToken, ZendeskAccount
from connectors.zendesk.failures import from_library, refusal
from connectors.zendesk.rates import DELAY_HEADERS, UPDATE_TICKET, readings
from sandbox.server import serve
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk.gate import Limits

SECRET_WORDS = "lena@customer.example s3cret"


def exceptions_of(module) -> list[type[Exception]]:
    found = [one for _, one in inspect.getmembers(module, inspect.isclass)]
    return [one for one in found if issubclass(one, Exception) and one.__module__ == module.__name__]


LOST_CALLS = [one for one in exceptions_of(lost_calls) if issubclass(one, requests.RequestException)]


def answer(status: int, body: bytes = b"{}", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, body
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize("kind", exceptions_of(zenpy_exceptions))
@pytest.mark.parametrize("wrote", [True, False])
def test_every_exception_of_zenpy_has_a_meaning_and_keeps_its_words(frozen_now, kind, wrote):
    told = from_library(kind(SECRET_WORDS), wrote=wrote, now=frozen_now)
    assert type(told) is (OutcomeUnknown if wrote else Unreachable)
    assert "lena" not in str(told)


@pytest.mark.parametrize("kind", LOST_CALLS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_exception_of_requests_has_a_meaning_and_keeps_its_words(kind, method):
    try:
        error = kind(SECRET_WORDS)
    except TypeError:
        error = kind(SECRET_WORDS, "", 0)
    told = lost("zendesk", error, method)
    assert isinstance(told, ConnectorError)
    assert "lena" not in str(told)


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (301, Rejected, Rejected),
        (400, Rejected, Rejected),
        (404, Gone, Gone),
        (408, Unreachable, OutcomeUnknown),
        (409, Busy, Busy),
        (410, Gone, Gone),
        (422, Rejected, Rejected),
        (429, Busy, Busy),
        (500, Unreachable, OutcomeUnknown),
        (503, Unreachable, OutcomeUnknown),
    ],
)
def test_each_refusal_keeps_its_meaning(frozen_now, status, reading, writing):
    assert isinstance(refusal(answer(status), "GET", frozen_now), reading)
    assert isinstance(refusal(answer(status), "PUT", frozen_now), writing)


def test_a_refusal_names_fields_and_never_what_they_held(frozen_now):
    body = (
        b'{"error": "RecordInvalid", "details": {"requester": [{"description": "Email: lena@x is bad"}],'
        b' "base": [{"description": "Topic: lena@x", "ticket_field_id": 360012}]}}'
    )
    told = refusal(answer(422, body), "POST", frozen_now)
    assert told.named == {"requester", "base", "360012"}
    assert "lena" not in str(told)


def test_a_read_timeout_is_lost_and_a_connect_timeout_never_left():
    assert type(lost("zendesk", requests.ReadTimeout(), "POST")) is OutcomeUnknown
    assert type(lost("zendesk", requests.ReadTimeout(), "GET")) is Unreachable
    assert type(lost("zendesk", requests.ConnectionError(), "PUT")) is OutcomeUnknown


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"x-rate-limit": "700", "x-rate-limit-remaining": "3"},
            RateReading(limit=EVERYTHING, total=700, remaining=3),
        ),
        (
            {"rate-limit": "700", "rate-limit-remaining": "3", "rate-limit-reset": "2"},
            RateReading(limit=EVERYTHING, total=700, remaining=3, resets_in=timedelta(seconds=2)),
        ),
        (
            {"ratelimit-limit": "700", "ratelimit-remaining": "3", "ratelimit-reset": "9"},
            RateReading(limit=EVERYTHING, total=700, remaining=3, resets_in=timedelta(seconds=9)),
        ),
        (
            {"zendesk-rate-limit-tickets-update": "total=20; remaining=19; resets=59"},
            RateReading(limit=UPDATE_TICKET, total=20, remaining=19, resets_in=timedelta(seconds=59)),
        ),
        (
            {"zendesk-ratelimit-tickets-index": "total=100; remaining=99; resets=41"},
            RateReading(limit="tickets-index", total=100, remaining=99, resets_in=timedelta(seconds=41)),
        ),
    ],
)
def test_both_spellings_of_the_limits_are_read(headers, expected):
    assert readings(headers) == (expected,)


@pytest.mark.parametrize(
    "junk", [{"x-rate-limit": "many", "x-rate-limit-remaining": "few"}, {"rate-limit": "7"}]
)
def test_limits_nobody_can_read_are_passed_over(junk):
    assert readings(junk) == ()


def test_a_429_without_a_delay_waits_for_the_reset(frozen_now):
    assert first_delay({"ratelimit-reset": "12"}, DELAY_HEADERS, frozen_now) == timedelta(seconds=12)
    assert first_delay({"retry-after": "9" * 40}, DELAY_HEADERS, frozen_now) == timedelta(minutes=15)
    assert first_delay(
        {"retry-after": "Mon, 02 Nov 1998 12:01:00 GMT"}, DELAY_HEADERS, frozen_now
    ) == timedelta(0)


def test_a_refusal_reads_zendesks_own_headers(frozen_now):
    for status in (429, 503):
        told = refusal(answer(status, RateLimit_Reset="12"), "GET", frozen_now)
        assert told.retry_after == timedelta(seconds=12)


def test_answers_fill_the_readings(desk, draft, once):
    limited = ZendeskStandIn(clock=desk.clock, outbox=desk.outbox, limits=Limits(account=50))
    with serve(limited.app) as running:
        desk.url = running.url
        helpdesk = desk.connector()
        helpdesk.open_ticket(draft(), once)
    told = {one.limit: one for one in helpdesk.readings.take()}
    assert told[EVERYTHING].total == 50
    assert told[EVERYTHING].remaining < 49


def test_the_account_is_used_up(desk, draft):
    limited = ZendeskStandIn(clock=desk.clock, outbox=desk.outbox, limits=Limits(account=4))
    with serve(limited.app) as running:
        desk.url = running.url
        helpdesk = desk.connector()
        helpdesk.open_ticket(draft(), Once(key="dlv_1"))
        desk.clock.forward(seconds=20)
        helpdesk.open_ticket(draft(handoff_id="hof_2"), Once(key="dlv_2"))
        with pytest.raises(Busy) as busy:
            helpdesk.open_ticket(draft(handoff_id="hof_3"), Once(key="dlv_3"))
    assert busy.value.limit == EVERYTHING
    assert busy.value.retry_after == timedelta(seconds=40)


def test_the_limit_of_one_ticket_stops_no_other(desk, draft, change, note):
    limited = ZendeskStandIn(clock=desk.clock, outbox=desk.outbox, limits=Limits(updates_of_one=2))
    with serve(limited.app) as running:
        desk.url = running.url
        helpdesk = desk.connector()
        ref = helpdesk.open_ticket(draft(), Once(key="dlv_1")).ref
        for number in range(2):
            helpdesk.update_ticket(ref, change(note=note()), Once(key=f"dlv_{number}"))
        with pytest.raises(Busy) as busy:
            helpdesk.update_ticket(ref, change(note=note()), Once(key="dlv_3"))
    assert busy.value.limit is None
    assert busy.value.retry_after == timedelta(minutes=10)


def test_a_base_address_with_a_path_is_a_prefix_of_every_call():
    account = ZendeskAccount(
        sign_in=ApiToken(email="a@b.example", token="t"), subdomain="shop", base_url="http://proxy:9000/zd/"
    )
    assert account.address_of("https://shop.zendesk.com/api/v2/x?a=1") == "http://proxy:9000/zd/api/v2/x?a=1"
    assert account.address_of("https://shop.zendesk.com:443/api/v2/x") == "http://proxy:9000/zd/api/v2/x"
    assert account.address_of("http://proxy:9000/zd/api/v2/x") == "http://proxy:9000/zd/api/v2/x"


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/api", "https://shop.zendesk.com.evil.example/", "http://shop.zendesk.com/api"],
)
def test_a_link_to_another_server_is_not_followed(url):
    account = ZendeskAccount(sign_in=ApiToken(email="a@b.example", token="t"), subdomain="shop")
    with pytest.raises(Rejected):
        account.address_of(url)


@pytest.mark.parametrize(
    "more", [{"base_url": "ftp://x"}, {"base_url": "shop"}, {"subdomain": "evil.example/"}]
)
def test_an_address_that_is_none_is_refused_at_once(more):
    with pytest.raises(ValueError, match="Zendesk"):
        ZendeskAccount(sign_in=ApiToken(email="a@b.example", token="t"), **more)


def test_threads_do_not_mix_up_their_keys(desk, helpdesk, draft):
    def open_one(number: int) -> None:
        helpdesk.open_ticket(draft(handoff_id=f"hof_{number}"), Once(key=f"dlv_{number}"))

    threads = [threading.Thread(target=open_one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["external_id"] for one in desk.tickets) == [f"hof_{number}" for number in range(6)]


@pytest.mark.parametrize(("limit", "told"), [("updates", UPDATE_TICKET), ("account", EVERYTHING)])
def test_a_limit_all_share_is_named(desk, draft, change, note, limit, told):
    limited = ZendeskStandIn(clock=desk.clock, outbox=desk.outbox, limits=Limits())
    with serve(limited.app) as running:
        desk.url = running.url
        helpdesk = desk.connector()
        ref = helpdesk.open_ticket(draft(), Once(key="dlv_1")).ref
        limited._limits.limits = Limits(**{limit: 0})
        with pytest.raises(Busy) as busy:
            helpdesk.update_ticket(ref, change(note=note()), Once(key="dlv_2"))
    assert busy.value.limit == told


def test_a_redirect_is_told_and_not_followed(desk, draft, once):
    visits: list[str] = []
    app = FastAPI()

    @app.api_route("/{rest:path}", methods=["GET", "POST"])
    def moved(rest: str) -> Response:
        visits.append(rest)
        return Response(status_code=302, headers={"Location": "/elsewhere"})

    with serve(app) as running:
        desk.url = running.url
        with pytest.raises(Rejected, match=r"leads elsewhere \(302\); set the account's present subdomain"):
            desk.connector().open_ticket(draft(), once)
    assert "elsewhere" not in visits


def test_a_ticket_of_another_handoff_is_never_adopted(desk, helpdesk, draft, monkeypatch):
    """A server that passes over the filter lists everybody's tickets."""
    helpdesk.open_ticket(draft(handoff_id="hof_other"), Once(key="dlv_1"))
    monkeypatch.setattr(helpdesk._client, "_all", lambda name, call: desk.tickets)
    assert helpdesk._client.tickets_of("hof_0001") == []
