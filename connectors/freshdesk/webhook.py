"""What an automation rule of Freshdesk tells us: a hint that a ticket changed, never more.

Freshdesk signs nothing. A shared secret in a header of the rule is all there is, every value arrives as
text, and texts of customers may be pasted into the JSON without being escaped. So nothing of the
body is believed but which ticket it is about; the ticket is then read back. Source: Freshdesk article 132589.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from connectors.base import HelpdeskEvent
from connectors.errors import NotForUs, NotFromVendor

SECRET_HEADER: Final = "x-webhook-secret"  # noqa: S105 - a header's name
TICKET_ID: Final = re.compile(r"\d{1,18}", re.ASCII)
HANDOFF_ID: Final = re.compile(r"[\w-]{1,64}", re.ASCII)
SIMPLE_MODE: Final = "freshdesk_webhook"
#: a body whose JSON was broken by a customer's quotation mark still begins with the ticket's id
BROKEN_BODY: Final = re.compile(rb'"(?:ticket_)?id"\s*:\s*"?(\d{1,18})\b')


def verify(headers: Mapping[str, str], secrets: Iterable[str]) -> None:
    """Raise NotFromVendor unless the call carries one of the secrets, as a header or as Basic password."""
    given = [headers.get(SECRET_HEADER, ""), _password(headers.get("authorization", ""))]
    matches = [
        hmac.compare_digest(each.encode(), secret.encode()) for secret in secrets if secret for each in given
    ]
    if not any(matches):
        raise NotFromVendor("no shared secret, or another one")


def translated(body: bytes, now: datetime) -> HelpdeskEvent:
    """Return the hint of a verified body. Raises NotForUs where no ticket is named.

    Freshdesk gives deliveries no id, and a hint is not to be taken for a repetition of another: every
    reply to a ticket may come with the same body, and the second within a second may be the answer,
    when the first was an automation's. Taken twice, a hint costs a reading of the ticket at most, and
    readings that still wait are folded into one; passed over, it leaves an answer to the next poll. So the
    event's id is derived from the body and the very moment it came.
    """
    told = _object(body)
    inner = told.get("ticket")
    ticket = inner if isinstance(inner, dict) else told
    return HelpdeskEvent(
        event_id=_event_id(body, now),
        ticket_id=_ticket_id(ticket.get("id", ticket.get("ticket_id")), body if not told else b""),
        handoff_id=_handoff_id(ticket.get("handoff_key")),
    )


def _event_id(body: bytes, now: datetime) -> str:
    return hashlib.sha256(f"{now.isoformat()}\n".encode() + body).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    """Return the body's object, out of its wrapper; an empty one for what cannot be read."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    inner = told.get(SIMPLE_MODE, told) if isinstance(told, dict) else None
    return inner if isinstance(inner, dict) else {}


def _ticket_id(found: Any, unreadable: bytes) -> str:
    text = str(found).strip() if isinstance(found, str | int) and not isinstance(found, bool) else ""
    broken = BROKEN_BODY.search(unreadable)
    if not text and broken:
        text = broken[1].decode()
    if not TICKET_ID.fullmatch(text):
        raise NotForUs("no ticket is named")
    return text


def _handoff_id(found: Any) -> str | None:
    return found if isinstance(found, str) and HANDOFF_ID.fullmatch(found) else None


def _password(authorization: str) -> str:
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
