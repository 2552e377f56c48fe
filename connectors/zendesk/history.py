"""A ticket's audits read as a conversation: who said what to whom, and where a merge took it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.base import Attachment, Author, AuthorKind, TicketMessage
from connectors.merges import Merge
from connectors.moments import moment

COMMENTS = frozenset({"Comment", "FacebookComment"})
STAFF = frozenset({"agent", "admin"})
RULE_CHANNELS = frozenset({"rule", "trigger", "automation"})
#: Mail that a machine sent is suspended by its headers, and becomes a comment only when somebody recovers it. The
#: audit then tells why it was suspended (Zendesk, "Suspended ticket recovery event", "Cause of suspension reference").
SENT_BY_MACHINES = frozenset({"auto_mailer", "auto_vacation", "auto_delivery_failure", "loop", "backscatter"})
SOLVED = frozenset({"solved", "closed"})
MERGED_TAG = "closed_by_merge"
#: what Zendesk writes on a ticket that an agent merges into another
MERGED_INTO = re.compile(r"closed and merged into request\W{0,3}(\d{1,18})", re.IGNORECASE)
MERGED_FROM = re.compile(
    r"^Requests? #.{1,400}closed and merged into this request", re.IGNORECASE | re.DOTALL
)

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Whom we can tell apart: our own user, the mapping's bots, the requester, users as Zendesk has them."""

    own_id: int
    not_people: frozenset[str]
    requester_id: int | None
    users: Mapping[int, Json]

    def author(self, author_id: Any, *, by_rule: bool) -> Author:
        """Return who wrote it. A user Zendesk does not know counts as a rule: only a known person answers."""
        user = self.users.get(author_id, {})
        return Author(kind=self._kind(author_id, user, by_rule), id=str(author_id), name=user.get("name"))

    def _kind(self, author_id: Any, user: Json, by_rule: bool) -> AuthorKind:
        if by_rule or not isinstance(author_id, int) or author_id <= 0:
            return AuthorKind.RULE
        if author_id == self.own_id:
            return AuthorKind.BRIDGE
        if str(author_id) in self.not_people:
            return AuthorKind.BOT
        if author_id == self.requester_id or user.get("role") == "end-user":
            return AuthorKind.CUSTOMER
        return AuthorKind.PERSON if user.get("role") in STAFF else AuthorKind.RULE


def messages(
    audits: Iterable[Json], people: People, *, after: datetime | None = None
) -> tuple[TicketMessage, ...]:
    """Return the comments, oldest first; with `after`, those made then or later."""
    found = [
        _message(audit, event, people)
        for audit in audits
        for event in _events(audit)
        if event.get("type") in COMMENTS and moment(audit.get("created_at")) is not None
    ]
    wanted = (one for one in found if after is None or one.at >= after)
    return tuple(sorted(wanted, key=lambda one: one.at))


def author_ids(audits: Iterable[Json]) -> set[int]:
    """Return the users who wrote comments; the system's own ids are not among them."""
    ids = {
        _author_of(audit, event)
        for audit in audits
        for event in _events(audit)
        if event.get("type") in COMMENTS
    }
    return {each for each in ids if isinstance(each, int) and each > 0}


def merged_into(ticket: Json, audits: Iterable[Json]) -> Merge | None:
    """Return the ticket this one was merged into, and when; None when it was not.

    Zendesk keeps no field for it: the ticket is closed with a tag, and its last comment names the other.
    The requester's own comments are not believed: the sentence is easily typed.
    """
    if ticket.get("status") != "closed" or MERGED_TAG not in (ticket.get("tags") or ()):
        return None
    for audit in reversed(list(audits)):
        for event in _events(audit):
            found = MERGED_INTO.search(str(event.get("body") or ""))
            at = moment(audit.get("created_at"))
            by_requester = _author_of(audit, event) == ticket.get("requester_id")
            if found and at and not by_requester and found[1] != str(ticket.get("id")):
                return Merge(found[1], at)
    return None


def made_by(audits: Iterable[Json], mark: str, key: str) -> list[Json]:
    """Return the audits that carry this mark; none where the update was not made yet."""
    return [audit for audit in audits if _custom(audit).get(mark) == key]


def _message(audit: Json, event: Json, people: People) -> TicketMessage:
    text = str(event.get("body") or "")
    by_rule = (
        _is_by_rule(audit)
        or _is_by_rule(event)
        or _was_sent_by_a_machine(audit)
        or MERGED_FROM.search(text) is not None
    )
    at = moment(audit.get("created_at"))
    assert at is not None  # noqa: S101 - `messages` takes no audit without a time
    return TicketMessage(
        id=str(event.get("id")),
        at=at,
        author=people.author(_author_of(audit, event), by_rule=by_rule),
        public=event.get("public") is True,
        text=text,
        attachments=tuple(_attachments(event)),
    )


def _attachments(event: Json) -> Iterator[Attachment]:
    """Yield what lies beside a comment and can still be fetched."""
    for one in event.get("attachments") or ():
        url = one.get("content_url") if isinstance(one, dict) and one.get("deleted") is not True else None
        if isinstance(url, str) and url:
            yield Attachment(name=str(one.get("file_name") or "file"), url=url)


def _author_of(audit: Json, event: Json) -> Any:
    return event.get("author_id") or audit.get("author_id")


def _is_by_rule(part: Json) -> bool:
    via = part.get("via")
    if not isinstance(via, dict):
        return False
    source = via.get("source")
    rel = source.get("rel") if isinstance(source, dict) else None
    return via.get("channel") in RULE_CHANNELS or rel in ("trigger", "automation", "merge")


def _was_sent_by_a_machine(audit: Json) -> bool:
    return any(str(event.get("cause_name")) in SENT_BY_MACHINES for event in _events(audit))


def _events(audit: Json) -> list[Json]:
    return [event for event in audit.get("events") or () if isinstance(event, dict)]


def _custom(audit: Json) -> Json:
    custom = (audit.get("metadata") or {}).get("custom")
    return custom if isinstance(custom, dict) else {}
