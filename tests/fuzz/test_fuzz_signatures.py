"""Signed calls: whatever stands in the headers, a call is taken or refused, and nothing else happens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from fuzzing import tries
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.security.signatures import BadSignature, new_secret, sign, verify
from connectors.errors import NotForUs, NotFromVendor
from connectors.freshdesk import webhook as freshdesk
from connectors.slack.signature import verified_text
from connectors.zendesk import webhook as zendesk

NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)
SECRET = new_secret()

#: as a server hands them on: any byte, read as Latin-1
header = st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))
junk = st.one_of(
    header,
    st.sampled_from(
        ["v1,", "v1", "v0=", "v1,=", "v1a," + "A" * 44, "nan", "1e9", "-0", "٣", "0x1", " ", "9" * 99]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.datetimes().map(datetime.isoformat),
)


def slack_headers(body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mark = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mark}"}


def zendesk_headers(body: bytes, at: datetime) -> dict[str, str]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    mark = base64.b64encode(
        hmac.new(SECRET.encode(), stamp.encode() + body, hashlib.sha256).digest()
    ).decode()
    return {"x-zendesk-webhook-signature-timestamp": stamp, "x-zendesk-webhook-signature": mark}


def bot_headers(body: bytes, at: datetime) -> dict[str, str]:
    return sign([SECRET], "msg_1", at, body)


def freshdesk_headers(_body: bytes, _at: datetime) -> dict[str, str]:
    return {"x-webhook-secret": SECRET}


#: how each sender signs, how we check it, and what a refusal is called
SENDERS = {
    "bot": (bot_headers, lambda headers, body: verify([SECRET], headers, body, NOW), BadSignature),
    "slack": (slack_headers, lambda headers, body: verified_text(SECRET, headers, body, NOW), NotFromVendor),
    "zendesk": (
        zendesk_headers,
        lambda headers, body: zendesk.verify(headers, body, [SECRET], NOW),
        NotFromVendor,
    ),
    "freshdesk": (freshdesk_headers, lambda headers, _: freshdesk.verify(headers, [SECRET]), NotFromVendor),
}
senders = pytest.mark.parametrize("sender", SENDERS)


def taken(sender, headers, body):
    """Return whether the call is taken; a refusal is the sender's own, and any other error fails the test."""
    _, check, refusal = SENDERS[sender]
    try:
        check(headers, body)
    except refusal:
        return False
    return True


@senders
@given(text=st.text(max_size=200), seconds=st.integers(-300, 299))
@tries(30)
def test_what_is_signed_within_five_minutes_is_taken(sender, text, seconds):
    body = text.encode()
    assert taken(sender, SENDERS[sender][0](body, NOW + timedelta(seconds=seconds)), body)


@pytest.mark.parametrize("sender", ["bot", "slack", "zendesk"])
@given(seconds=st.integers(301, 10**8), sign_of=st.sampled_from([-1, 1]))
@tries(30)
def test_what_is_signed_at_another_time_is_not(sender, seconds, sign_of):
    assert not taken(sender, SENDERS[sender][0](b"{}", NOW + sign_of * timedelta(seconds=seconds)), b"{}")


@senders
@given(data=st.data(), text=st.text(max_size=50), value=junk)
@tries(60)
def test_fault_64_a_header_that_was_meddled_with_is_refused(sender, data, text, value):
    """Any header of any sender's signature is replaced by junk: refused as it should be, and no other error."""
    body = text.encode()
    headers = SENDERS[sender][0](body, NOW)
    name = data.draw(st.sampled_from(sorted(headers)))
    assume(value.strip() != headers[name])
    assert not taken(sender, {**headers, name: value}, body)


@pytest.mark.parametrize("sender", ["bot", "slack", "zendesk"])
@given(body=st.binary(max_size=50), other=st.binary(max_size=50))
@tries(30)
def test_fault_63_another_body_than_was_signed_is_refused(sender, body, other):
    """The body is another than the one that was signed: refused, whatever both hold."""
    assume(body != other and _is_text(body))
    assert not taken(sender, SENDERS[sender][0](body, NOW), other)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


json_like = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["type", "id", "ticketId", "ticket", "detail", "event", "comment", "author", "time"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@given(told=json_like, raw=st.binary(max_size=40))
@tries(60)
def test_a_signed_body_of_any_shape_is_read_or_not_for_us(told, raw):
    for body in (json.dumps(told).encode(), raw):
        for read in (
            lambda body: zendesk.translated({}, body, own_id=3600, not_people=frozenset()),
            lambda body: freshdesk.translated(body, NOW),
        ):
            try:
                event = read(body)
            except NotForUs:
                continue
            assert event.ticket_id.isdigit()


@pytest.mark.parametrize("path", ["/hooks/zendesk/zendesk", "/slack/events"])
@given(data=st.data(), body=st.binary(max_size=200))
@tries(15)
def test_fault_64_no_hook_answers_500(town, path, data, body):
    """Junk of any kind is sent to the hooks, over real HTTP: 401, never 500."""
    names = [
        "X-Slack-Signature", "X-Slack-Request-Timestamp", "X-Zendesk-Webhook-Signature",
        "X-Zendesk-Webhook-Signature-Timestamp", "Content-Type",
    ]  # fmt: skip
    sendable = junk.map(lambda value: "".join(sign for sign in value if sign.isprintable()).strip())
    values = data.draw(st.dictionaries(st.sampled_from(names), sendable))
    headers = {name: value.encode("utf-8") for name, value in values.items()}
    assert town.post(path, body, headers).status_code == 401
