"""A person's words on a Zendesk ticket, written by our user under their name.

A comment's `author_id` says who is shown; the audit still names the user whose key made the call.
Source: Zendesk "Ticket Comments" (author_id), "Ticket Audits".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import Author, AuthorKind, Comment, TicketMessage
from connectors.errors import Rejected
from connectors.moments import moment
from connectors.note_html import as_html
from connectors.zendesk.access import VENDOR
from connectors.zendesk.note import OUR_LONGEST_BODY_BYTES

Json = Mapping[str, Any]


def comment_fields(comment: Comment) -> dict[str, Any]:
    """Return the ticket's `comment`. Raises Rejected for somebody without a user, or words that would be cut."""
    body = f"<p>{as_html(comment.text)}</p>"
    if len(body.encode()) > OUR_LONGEST_BODY_BYTES:
        raise Rejected(VENDOR, "the text is too long for one comment")
    return {"html_body": body, "public": comment.public, "author_id": _user_id(comment)}


def said_in(audits: Iterable[Any], comment: Comment) -> TicketMessage | None:
    """Return the comment as it stands in one of the audits; None where none of them has it."""
    for audit in audits:
        if not isinstance(audit, dict):
            continue
        at = moment(audit.get("created_at"))
        events = (event for event in audit.get("events") or () if isinstance(event, dict))
        made = next((event for event in events if event.get("type") == "Comment"), None)
        if at is not None and made is not None:
            return TicketMessage(
                id=str(made.get("id")),
                at=at,
                author=Author(kind=AuthorKind.PERSON, id=str(_user_id(comment)), name=comment.author.name),
                public=made.get("public") is True,
                text=comment.text,
            )
    return None


def _user_id(comment: Comment) -> int:
    known = comment.author.ids.get(VENDOR, "")
    if not (known.isascii() and known.isdigit()):
        raise Rejected(VENDOR, f"{comment.author.name} has no Zendesk user id in the desk")
    return int(known)
