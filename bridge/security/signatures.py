"""Signed requests, both ways. Source: Standard Webhooks 1.0.0, https://www.standardwebhooks.com.

The library signs; times and comparisons are ours, because its own check reads the system clock and
lets other errors than its own through.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

_SECRET_BYTES: Final = 32
#: of a header that holds several signatures, so many are read
_MOST_SIGNATURES: Final = 20
_LONGEST_ID: Final = 256
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class BadSignature(Exception):
    """The request is not signed by one of the secrets, or not now: answer 401 and say no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A request that was verified. The same `message_id` seen before within the tolerance is a replay."""

    message_id: str
    sent_at: datetime


def new_secret() -> str:
    """Return a new signing secret, `whsec_…`."""
    return PREFIX + base64.b64encode(random_secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body, one signature for each secret.

    `at` is aware. Raises ValueError when there is no secret, one is not base64, or the body is not UTF-8.
    """
    if not secrets:
        raise ValueError("no secret to sign with")
    moment = at.astimezone(UTC)
    signatures = [_signature(secret, message_id, moment, body) for secret in secrets]
    return {ID: message_id, TIMESTAMP: str(int(moment.timestamp())), SIGNATURE: " ".join(signatures)}


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> Signed:
    """Return whose message this is when one of the secrets has signed it within `tolerance` of `now`.

    `headers` has lower-case names. Raises BadSignature and nothing else; its text tells no more.
    """
    try:
        message_id, sent_at, given = _read(headers)
        expected = [_signature(secret, message_id, sent_at, body).encode() for secret in secrets]
    except (ValueError, OverflowError, OSError):
        raise BadSignature from None
    if abs(now - sent_at) > tolerance or not _any_same(expected, given):
        raise BadSignature
    return Signed(message_id=message_id, sent_at=sent_at)


def _read(headers: Mapping[str, str]) -> tuple[str, datetime, list[bytes]]:
    message_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not 0 < len(message_id) <= _LONGEST_ID or not _SECONDS.fullmatch(timestamp):
        raise ValueError("no id or no time")
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    given = headers.get(SIGNATURE, "").split(" ")[:_MOST_SIGNATURES]
    return message_id, sent_at, [signature.encode("utf-8", "replace") for signature in given]


def _signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    try:
        signature: str = Webhook(secret).sign(message_id, at, body.decode())
    except (EmptyWebhookSecretError, RuntimeError):
        raise ValueError("the secret is empty") from None
    return signature


def _any_same(expected: Sequence[bytes], given: Sequence[bytes]) -> bool:
    """Compare all with all, so that the time taken does not tell which one came close."""
    same = [hmac.compare_digest(one, other) for one in expected for other in given]
    return any(same)
