"""Whether a request is signed by Slack. Source: Slack, "Verifying requests from Slack"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from slack_sdk.signature import Clock, SignatureVerifier

from connectors.errors import NotFromVendor

SIGNATURE = "x-slack-signature"
TIMESTAMP = "x-slack-request-timestamp"

# For others than these the verifier raises what is not its own: a stranger's junk would be a 500.
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_SECONDS = re.compile(r"[0-9]{1,12}")


class _At(Clock):
    def __init__(self, now: datetime) -> None:
        self._seconds = now.timestamp()

    def now(self) -> float:
        return self._seconds


def verified_text(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the body as text when it is signed and its time is within five minutes of `now`.

    `headers` may have names in any case. Raises NotFromVendor, whose text says nothing of the request.
    """
    signature, timestamp = _sent_once(headers, SIGNATURE), _sent_once(headers, TIMESTAMP)
    if not _SIGNATURE.fullmatch(signature) or not _SECONDS.fullmatch(timestamp):
        raise NotFromVendor("no usable signature")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotFromVendor("no readable body") from None
    if not SignatureVerifier(secret, _At(now)).is_valid(text, timestamp, signature):
        raise NotFromVendor("wrong signature or time")
    return text


def _sent_once(headers: Mapping[str, str], name: str) -> str:
    """Return the header's value; nothing where it is missing, or where it was sent twice and either might count."""
    values = [value for key, value in headers.items() if key.lower() == name]
    return values[0] if len(values) == 1 else ""
