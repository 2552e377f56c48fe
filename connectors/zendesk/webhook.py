"""What Zendesk tells us by webhook: verified on the bytes as they came, then translated.

Source: Zendesk "Verifying webhooks", "Ticket events". Nothing here asks Zendesk anything: where the
body does not tell enough, the event is a hint and the ticket must be read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Author, AuthorKind, HelpdeskEvent, TicketMessage
from connectors.errors import NotForUs, NotFromVendor
from connectors.moments import moment
from connectors.zendesk.history import RULE_CHANNELS

SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"
INVOCATION = "x-zendesk-webhook-invocation-id"
TOLERANCE = timedelta(minutes=5)
#: Zendesk's own for test deliveries of webhooks not saved yet; published, so anybody can sign with it
PUBLISHED_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 - known to everybody
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)

EVENT_TYPE = "zen:event-type:"
COMMENT_ADDED = "zen:event-type:ticket.comment_added"
TRIGGER_TYPE = "newMessage"  #: the word our trigger's body carries
TICKET_ID = re.compile(r"\d{1,18}", re.ASCII)
#: a trigger pastes texts into its JSON without escaping them; the ids at its beginning can be read still
BROKEN_TRIGGER = re.compile(rb'"ticketId"\s*:\s*"(\d{1,18})"')


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """Return what Zendesk sends for this body: the secret is used as text, not decoded."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: datetime) -> None:
    """Raise NotFromVendor unless one of the secrets signed these bytes within five minutes of `now`."""
    signature, timestamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    signed_at = moment(timestamp) if ISO_MOMENT.fullmatch(timestamp) else None
    if signed_at is None or not signature.isascii():
        raise NotFromVendor("no signature, or none that can be read")
    if abs(now - signed_at) > TOLERANCE:
        raise NotFromVendor("signed too long ago, or in the future")
    matches = [hmac.compare_digest(signature_of(one, timestamp, body), signature) for one in secrets if one]
    if not any(matches):
        raise NotFromVendor("the signature does not match")


def translated(
    headers: Mapping[str, str], body: bytes, *, own_id: int | None, not_people: frozenset[str]
) -> HelpdeskEvent:
    """Return the event of a verified body. Raises NotForUs for kinds we do not use.

    `own_id` is our user at Zendesk; while it is not known, no comment of staff can be told from ours.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return _broken_trigger(headers, body)
    if not isinstance(told, dict):
        raise NotForUs("the body is no object")
    kind = told.get("type")
    if kind == COMMENT_ADDED:
        return _comment(told, own_id, not_people)
    if kind == TRIGGER_TYPE or (not str(kind).startswith(EVENT_TYPE) and "ticketId" in told):
        return _hint(headers, body, told.get("ticketId"), told.get("externalId"))
    raise NotForUs("an event of another kind")


def _comment(told: Mapping[str, Any], own_id: int | None, not_people: frozenset[str]) -> HelpdeskEvent:
    detail, event = _object(told, "detail"), _object(told, "event")
    comment = _object(event, "comment")
    return HelpdeskEvent(
        event_id=_text(told.get("id")) or _digest(json.dumps(told, sort_keys=True).encode()),
        ticket_id=_ticket_id(detail.get("id")),
        handoff_id=_text(detail.get("external_id")),
        message=_message(comment, detail, told.get("time"), own_id, not_people),
        # Published samples of the event tell of no attachments, whether the comment has some or none.
        whole=comment.get("attachments") == [],
    )


def _message(
    comment: Mapping[str, Any],
    detail: Mapping[str, Any],
    time: Any,
    own_id: int | None,
    not_people: frozenset[str],
) -> TicketMessage | None:
    """Return the comment, or None where the body leaves open who wrote it or when."""
    at, comment_id = moment(time), _text(comment.get("id"))
    public = comment.get("is_public")
    author = _author(
        _object(comment, "author"), detail, own_id, not_people, comment_is_public=public is not False
    )
    if at is None or comment_id is None or author is None or not isinstance(public, bool):
        return None
    text = comment.get("body")
    return TicketMessage(
        id=comment_id,
        at=at.astimezone(UTC),
        author=author,
        public=public,
        text=text if isinstance(text, str) else "",
    )


def _author(
    author: Mapping[str, Any],
    detail: Mapping[str, Any],
    own_id: int | None,
    not_people: frozenset[str],
    *,
    comment_is_public: bool,
) -> Author | None:
    """Return who wrote it, None where it matters and cannot be told.

    `is_staff` is true for API users and AI agents with a seat, too. A private note answers nobody, whoever wrote it.
    """
    author_id, name = _text(author.get("id")), _text(author.get("name"))
    if author_id is None:
        return None
    kind: AuthorKind | None = AuthorKind.PERSON
    if author_id.startswith("-") or _object(detail, "via").get("channel") in RULE_CHANNELS:
        kind = AuthorKind.RULE
    elif author_id == str(own_id):
        kind = AuthorKind.BRIDGE
    elif author_id in not_people:
        kind = AuthorKind.BOT
    elif author.get("is_staff") is not True or author_id == _text(detail.get("requester_id")):
        kind = AuthorKind.CUSTOMER
    elif own_id is None and comment_is_public:
        kind = None
    return Author(kind=kind, id=author_id, name=name) if kind else None


def _hint(headers: Mapping[str, str], body: bytes, ticket_id: Any, external_id: Any) -> HelpdeskEvent:
    return HelpdeskEvent(
        event_id=headers.get(INVOCATION) or _digest(body),
        ticket_id=_ticket_id(ticket_id),
        handoff_id=_text(external_id),
    )


def _broken_trigger(headers: Mapping[str, str], body: bytes) -> HelpdeskEvent:
    found = BROKEN_TRIGGER.search(body)
    if found is None:
        raise NotForUs("the body is no JSON")
    return _hint(headers, body, found[1].decode(), None)


def _ticket_id(found: Any) -> str:
    text = _text(found)
    if text is None or not TICKET_ID.fullmatch(text):
        raise NotForUs("no ticket is named")
    return text


def _object(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def _text(found: Any) -> str | None:
    """Return an id or a name as text; None where there is none. In events absent things are "0" and ""."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    text = str(found).strip()
    return None if text in ("", "0") else text


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
