"""Standard Webhooks, both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from bridge.security.signatures import BadSignature, new_secret, sign, verify

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"text": "नमस्ते"}'.encode()
VECTORS = (
    Path(__file__).parents[2].parent / "shared" / "vendor" / "bots" / "standard-webhooks" / "vectors.json"
)
CASES = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"] if VECTORS.is_file() else []


@pytest.mark.skipif(not CASES, reason="the vectors are not here")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_vectors_are_judged_rightly(case):
    now = datetime.fromtimestamp(case["now"], UTC)
    arguments = ([case["secret"]], case["headers"], case["raw_body"].encode(), now)
    if case["valid"]:
        assert verify(*arguments).message_id == case["headers"]["webhook-id"]
    else:
        with pytest.raises(BadSignature):
            verify(*arguments)


def test_what_we_sign_we_verify():
    headers = sign([SECRET], "msg_1", NOW, BODY)
    signed = verify([SECRET], headers, BODY, NOW + timedelta(minutes=5))
    assert (signed.message_id, signed.sent_at) == ("msg_1", NOW)


def test_what_we_sign_the_library_verifies():
    headers = sign([SECRET], "msg_1", datetime.now(UTC), BODY)
    assert Webhook(SECRET).verify(BODY, headers) == {"text": "नमस्ते"}


def test_either_of_two_secrets_will_do_while_one_replaces_the_other():
    old, new = new_secret(), new_secret()
    assert verify([new, old], sign([old], "m", NOW, BODY), BODY, NOW)
    assert verify([new], sign([old, new], "m", NOW, BODY), BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_fault_63_an_old_or_future_signature_is_refused(minutes):
    """A bot's signature is from another time: refused."""
    headers = sign([SECRET], "m", NOW + timedelta(minutes=minutes), BODY)
    with pytest.raises(BadSignature):
        verify([SECRET], headers, BODY, NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "junk",
    [
        None,
        "",
        "garbage",
        "v1",
        "v1,",
        ",",
        "v1,é",
        "v1,!!!",
        "v1a,AAAA",
        " ",
        "1e999",
        "nan",
        "-1",
        "9" * 400,
        "१७",
        "\0",
    ],
)
def test_fault_64_junk_headers_are_refused_and_nothing_else_is_raised(name, junk):
    """A header of a bot's signature is junk: refused, with no other error."""
    headers = {**sign([SECRET], "m", NOW, BODY), name: junk}
    with pytest.raises(BadSignature):
        verify([SECRET], {key: value for key, value in headers.items() if value is not None}, BODY, NOW)


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()),
    st.binary(),
)
def test_fault_64_no_header_gets_past_the_refusal(headers, body):
    """Any junk at all in a bot's headers and body: refused, with no other error."""
    with pytest.raises(BadSignature):
        verify([SECRET], headers, body, NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_é"], ["whsec_a"]])
def test_without_a_usable_secret_nothing_is_verified(secrets):
    with pytest.raises(BadSignature):
        verify(secrets, sign([SECRET], "m", NOW, BODY), BODY, NOW)


@pytest.mark.parametrize("secrets", [[], ["whsec_"], ["whsec_a"]])
def test_without_a_usable_secret_nothing_is_signed(secrets):
    with pytest.raises(ValueError, match=r"secret|padding|base64|characters"):
        sign(secrets, "m", NOW, BODY)


def test_a_refusal_says_nothing():
    with pytest.raises(BadSignature) as caught:
        verify([SECRET], {}, BODY, NOW)
    assert str(caught.value) == ""
