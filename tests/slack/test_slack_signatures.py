"""Who may tell us that a button was pressed: Slack, within five minutes, and nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import NOON

from connectors.chat import PressAnswer
from connectors.errors import NotFromVendor
from connectors.slack import SlackReceiver
from connectors.slack.signature import verified_text
from sandbox.slack.sending import JSON, signed_headers

SECRET = "a signing secret"
BODY = b'{"type":"url_verification","challenge":"abc"}'


def signed(body=BODY, at=NOON):
    return signed_headers(JSON, body, SECRET, lambda: at)


def refused(headers, body=BODY, now=NOON):
    with pytest.raises(NotFromVendor) as raised:
        verified_text(SECRET, headers, body, now)
    return str(raised.value)


def test_the_published_examples_are_judged_right(vendor_file):
    vectors = json.loads(vendor_file("slack/signature-vectors.json").read_text())

    for case in vectors["cases"]:
        headers = {
            "X-Slack-Signature": case["signature"],
            "X-Slack-Request-Timestamp": case["timestamp"],
        }
        now = datetime.fromtimestamp(int(case["timestamp"]) + 5, UTC)
        if case["valid"]:
            assert verified_text(case["secret"], headers, case["raw_body"].encode(), now) == case["raw_body"]
        else:
            with pytest.raises(NotFromVendor):
                verified_text(case["secret"], headers, case["raw_body"].encode(), now)


def test_a_signed_body_is_read():
    assert verified_text(SECRET, signed(), BODY, NOON) == BODY.decode()


@pytest.mark.parametrize("away", [timedelta(seconds=301), timedelta(seconds=-301), timedelta(days=9000)])
def test_fault_63_an_old_or_future_request_is_refused(away):
    """Slack's signature is from another time: refused."""
    refused(signed(), now=NOON + away)


@pytest.mark.parametrize("away", [timedelta(seconds=299), timedelta(seconds=-299)])
def test_five_minutes_either_way_are_allowed(away):
    assert verified_text(SECRET, signed(), BODY, NOON + away)


@pytest.mark.parametrize("name", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_fault_63_a_missing_header_is_refused(name):
    """A header of Slack's signature is missing: refused."""
    headers = {key: value for key, value in signed().items() if key != name}

    refused(headers)
    refused(headers | {name: ""})


def test_fault_63_another_body_is_refused():
    """Slack's signature is another body's: refused."""
    refused(signed(), BODY + b" ")


JUNK_TIMES = [
    "abc",
    "",
    "1e9",
    "-1",
    "１６９９９９９９９９",
    "9" * 5000,
    " 1700000000",
    "1_700_000_000",
    "0x1",
    "\x00",
    "nan",
]
JUNK_SIGNATURES = ["v0=", "v0=zz", "v1=" + "0" * 64, "é" * 67, "v0=" + "0" * 9999, "\x00", "v0=" + "é" * 64]


@pytest.mark.parametrize("time", JUNK_TIMES, ids=range(len(JUNK_TIMES)))
def test_fault_64_a_junk_time_is_refused_and_nothing_else(time):
    """The time of Slack's signature is no number: refused, where Slack's own library fails."""
    refused(signed() | {"X-Slack-Request-Timestamp": time})


@pytest.mark.parametrize("signature", JUNK_SIGNATURES, ids=range(len(JUNK_SIGNATURES)))
def test_fault_64_a_junk_signature_is_refused_and_nothing_else(signature):
    """Slack's signature is junk: refused, with no other error."""
    refused(signed() | {"X-Slack-Signature": signature})


def test_fault_64_two_signatures_are_none():
    """Two signatures or two times come with one call, one of them good: refused, whichever comes first."""
    good = signed()
    for name, junk in (("X-Slack-Signature", "v0=" + "0" * 64), ("X-Slack-Request-Timestamp", "1")):
        refused({**good, name.lower(): junk})
        refused({name.lower(): junk, **good})
        refused(good | {name: f"{good[name]}, {junk}"})
        refused(good | {name: f"{junk}, {good[name]}"})


@given(st.text(max_size=80), st.text(max_size=80), st.binary(max_size=80))
def test_fault_64_no_junk_raises_anything_else(signature, time, body):
    """Any junk at all in Slack's headers and body: refused, with no other error."""
    refused({"x-slack-signature": signature, "x-slack-request-timestamp": time}, body)


def test_a_body_that_is_no_text_is_refused():
    refused(signed(b"\xff\xfe"), b"\xff\xfe")


def test_the_refusal_quotes_nothing_and_logs_nothing(caplog):
    caplog.set_level(0)
    receiver = SlackReceiver(signing_secret=SECRET, on_press=lambda _press: PressAnswer())

    with pytest.raises(NotFromVendor) as raised:
        receiver.handle(signed() | {"X-Slack-Signature": "v0=" + "0" * 64}, b"their words", NOON)

    assert "their words" not in str(raised.value)
    assert caplog.text == ""


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_stops_the_start(secret):
    with pytest.raises(ValueError, match="secret is empty"):
        SlackReceiver(signing_secret=secret, on_press=lambda _press: PressAnswer())
