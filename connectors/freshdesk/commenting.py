"""A person's words on a Freshdesk ticket, written with our key under their name.

Freshdesk knows no idempotency key, and a mark of ours would reach the customer. So after a lost answer the
same words of the same person since the first attempt count as that attempt's work.
Source: Freshdesk API page, "Create a Reply", "Create a Note".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.base import Author, AuthorKind, Comment, Once, TicketMessage
from connectors.errors import OutcomeUnknown, Rejected
from connectors.freshdesk.api import FreshdeskApi
from connectors.freshdesk.failures import VENDOR
from connectors.moments import moment
from connectors.note_html import ZERO_WIDTH_SPACE, as_html, printable

#: how far Freshdesk's clock may be behind ours
SKEW: Final = timedelta(minutes=2)

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Commenting:
    """The calls that put a person's words on a ticket. All raise ConnectorError."""

    api: FreshdeskApi

    def say(self, ticket_id: Any, comment: Comment, once: Once) -> TicketMessage:
        """Write the comment, or find what an earlier attempt wrote. Raises Rejected for somebody without an id."""
        user_id = _user_id(comment)
        made = self._made(ticket_id, comment, user_id, once) if once.look_first else None
        if made is None:
            body = f"<div>{as_html(comment.text)}</div>"
            write = self.api.reply_by if comment.public else self.api.add_note_by
            made = write(ticket_id, body, user_id)
        return _message(made, comment, user_id)

    def _made(self, ticket_id: Any, comment: Comment, user_id: int, once: Once) -> Json | None:
        since = once.first_tried_at - SKEW if once.first_tried_at else None
        rows = self.api.conversations(ticket_id)
        return next((row for row in rows if _is_it(row, comment, user_id, since)), None)


def _is_it(row: Json, comment: Comment, user_id: int, since: datetime | None) -> bool:
    at = moment(row.get("created_at"))
    same_words = _words(str(row.get("body_text") or "")) == _words(comment.text)
    is_public = row.get("private") is False
    recent = at is not None and (since is None or at >= since)
    return recent and same_words and row.get("user_id") == user_id and is_public == comment.public


def _words(text: str) -> list[str]:
    """Return the words alone: Freshdesk wraps lines and widens spaces as it likes."""
    return printable(text).replace(ZERO_WIDTH_SPACE, "").split()


def _message(row: Json, comment: Comment, user_id: int) -> TicketMessage:
    at = moment(row.get("created_at"))
    if at is None or row.get("id") is None:
        raise OutcomeUnknown(VENDOR, "the answer does not tell the comment")
    author = Author(kind=AuthorKind.PERSON, id=str(user_id), name=comment.author.name)
    return TicketMessage(id=str(row["id"]), at=at, author=author, public=comment.public, text=comment.text)


def _user_id(comment: Comment) -> int:
    known = comment.author.ids.get(VENDOR, "")
    if not (known.isascii() and known.isdigit()):
        raise Rejected(VENDOR, f"{comment.author.name} has no Freshdesk agent id in the desk")
    return int(known)
