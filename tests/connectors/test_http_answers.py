"""What an HTTP answer, or none, means for a read and for a write."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import requests
import urllib3

from connectors.errors import AccessDenied, Busy, Gone, OutcomeUnknown, Rejected, Unreachable
from connectors.http_answers import LONGEST_DELAY, StrangeAnswer, asked_delay, json_of, lost, refusal

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def answer(status, body=b"", **headers):
    response = requests.Response()
    response.status_code = status
    response._content = body
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("Mon, 02 Nov 2026 12:00:20 GMT", 20),
        ("Mon, 02 Nov 2026 17:30:20 +0530", 20),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0),
        ("86400", 900),
        ("9" * 400, 900),
        ("Mon, 02 Nov 2099 12:00:00 GMT", 900),
    ],
)
def test_fault_16_each_way_to_name_a_delay_is_read(header, seconds):
    assert asked_delay(header, NOW) == timedelta(seconds=seconds) <= LONGEST_DELAY


@pytest.mark.parametrize(
    "header", [None, "", "soon", "-5", "1e9", "३०", "Mon, 99 Nov 2026 12:00:00 GMT", "\x00"]
)
def test_fault_16_a_delay_that_cannot_be_read_is_none(header):
    assert asked_delay(header, NOW) is None


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (301, Rejected, Rejected),
        (400, Rejected, Rejected),
        (401, AccessDenied, AccessDenied),
        (403, AccessDenied, AccessDenied),
        (404, Gone, Gone),
        (408, Unreachable, OutcomeUnknown),
        (409, Rejected, Rejected),
        (410, Gone, Gone),
        (422, Rejected, Rejected),
        (429, Busy, Busy),
        (500, Unreachable, OutcomeUnknown),
        (502, Unreachable, OutcomeUnknown),
        (503, Unreachable, OutcomeUnknown),
    ],
)
def test_each_status_has_its_meaning(status, read, write):
    assert type(refusal("x", answer(status), "GET", NOW)) is read
    assert type(refusal("x", answer(status), "POST", NOW)) is write


def test_a_429_carries_its_delay_and_limit():
    busy = refusal("x", answer(429, Retry_After="7"), "POST", NOW, limit="lists")
    assert isinstance(busy, Busy)
    assert (busy.retry_after, busy.limit) == (timedelta(seconds=7), "lists")


def every_loss():
    """Return every exception that requests can raise instead of an answer."""
    waiting, found = [requests.RequestException], []
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.__subclasses__()
    return sorted(set(found), key=lambda one: one.__name__)


@pytest.mark.parametrize("kind", every_loss())
def test_every_exception_of_requests_has_a_meaning(kind):
    try:
        error = kind("secret words")
    except TypeError:
        error = kind("secret words", "", 0)
    for method, meanings in (("GET", (Unreachable, Rejected)), ("POST", (OutcomeUnknown, Rejected))):
        told = lost("x", error, method)
        assert isinstance(told, meanings)
        assert "secret" not in str(told)


@pytest.mark.parametrize(
    "cause",
    [
        urllib3.exceptions.NewConnectionError(None, "refused"),
        urllib3.exceptions.ConnectTimeoutError(),
        ssl.SSLCertVerificationError(),
    ],
)
def test_a_call_that_was_never_sent_did_nothing(cause):
    error = requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason=cause))
    assert type(lost("x", error, "POST")) is Unreachable


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
def test_fault_20_a_200_without_json_is_a_failure_that_keeps_its_beginning(body):
    for method, error in (("GET", Unreachable), ("POST", OutcomeUnknown)):
        with pytest.raises(error) as caught:
            json_of("x", answer(200, body), method)
        assert isinstance(caught.value.__cause__, StrangeAnswer)
        assert caught.value.__cause__.beginning == body[:2048]


def test_an_empty_204_is_no_failure():
    assert json_of("x", answer(204), "DELETE") is None
