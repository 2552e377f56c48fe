"""Changes a handoff's ticket where it lives now: in the one it was merged into, or in its follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.handoffs.model import TicketRef
from connectors.base import Once, TicketChange, TicketMessage, TicketOutcome
from connectors.errors import Busy, OutcomeUnknown
from connectors.merges import Merge, present
from connectors.ticket_fields import Fields
from connectors.zendesk.access import VENDOR
from connectors.zendesk.commenting import comment_fields, said_in
from connectors.zendesk.failures import Refused
from connectors.zendesk.fields import DELIVERY_MARK, changed, unsolved, without
from connectors.zendesk.history import made_by, merged_into
from connectors.zendesk.opening import Opening

CLOSED = "closed"

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Changing:
    """The calls that change a ticket. All raise ConnectorError."""

    opening: Opening

    def change(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        outcome = None if once.look_first or change.tags else self._unread(ref, change, once)
        if outcome is not None:
            return outcome
        ticket, since = present(ref, self.opening.client.ticket, self._merge_of)
        outcome = self._change(ticket, change, once)
        return replace(outcome, ref=replace(outcome.ref, since=since))

    def _unread(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome | None:
        """Change the ticket without reading it first: most live where they lived.

        None for one that refuses: it may be closed, as a merged one is, and has to be read. Tags have to be
        read too, since a new list replaces the old one.
        """
        fields = self._fields({"id": ref.id}, change, once)
        try:
            answer = self.opening.client.update(ref.id, fields.values) if fields.values else {}
        except Refused:
            return None
        outcome = self._outcome(ref.id, fields, _said(answer, change))
        return replace(outcome, ref=replace(outcome.ref, since=ref.since))

    def _change(self, ticket: Json, change: TicketChange, once: Once) -> TicketOutcome:
        if once.look_first:
            made = self._made(ticket, change, once)
            if made is not None:
                return made
        if ticket.get("status") == CLOSED:
            return self._beyond(ticket, change, once)
        try:
            return self._update(ticket, change, once)
        except Refused as refused:
            if not refused.named & {"status"}:
                raise
            return self._beyond(ticket, change, once)  # closed between reading and writing

    def _beyond(self, closed: Json, change: TicketChange, once: Once) -> TicketOutcome:
        """Go on after a ticket was closed. One that was to be solved is, for good: it needs no follow-up."""
        if change.solved:
            return TicketOutcome(ref=self.opening.ref(closed["id"]))
        return self._in_follow_up(closed, change, once)

    def _made(self, ticket: Json, change: TicketChange, once: Once) -> TicketOutcome | None:
        """Return what an earlier attempt at this delivery did to the ticket; None where it did nothing."""
        audits = made_by(self.opening.client.audits(str(ticket["id"])), DELIVERY_MARK, once.key)
        if not audits:
            return None
        said = said_in(audits, change.comment) if change.comment else None
        return TicketOutcome(ref=self.opening.ref(ticket["id"]), found=True, said=said)

    def _merge_of(self, ticket: Json) -> Merge | None:
        if ticket.get("status") != CLOSED:
            return None
        return merged_into(ticket, self.opening.client.audits(str(ticket["id"])))

    def _update(self, ticket: Json, change: TicketChange, once: Once) -> TicketOutcome:
        fields = self._fields(ticket, change, once)
        if not fields.values:
            return self._outcome(ticket["id"], fields)
        ticket_id = str(ticket["id"])
        try:
            answer = self.opening.client.update(ticket_id, fields.values)
        except Refused as refused:
            if refused.named & {"status"}:
                raise
            fields = self._left(fields, refused)
            answer = self.opening.client.update(ticket_id, fields.values)
        return self._outcome(ticket_id, fields, _said(answer, change))

    def _left(self, fields: Fields, refused: Refused) -> Fields:
        """Return the fields without what was refused. Raises it again when nothing can be left out."""
        open_still = unsolved(fields, refused, self.opening.mapping)
        if open_still is not None:
            return open_still
        left = without(fields.values, refused, self.opening.mapping)
        if left is None:
            raise refused
        left.problems = [*fields.problems, *left.problems]
        left.misrouted |= fields.misrouted
        return left

    def _outcome(self, ticket_id: Any, fields: Fields, said: TicketMessage | None = None) -> TicketOutcome:
        return TicketOutcome(
            ref=self.opening.ref(ticket_id),
            problems=tuple(fields.problems),
            misrouted=fields.misrouted,
            said=said,
        )

    def _fields(self, ticket: Json, change: TicketChange, once: Once) -> Fields:
        opening = self.opening
        fields = changed(change, opening.mapping, opening.directory, ticket)
        if change.note is not None:
            opening.add_note(fields, change.note, once.key, change.handoff_id)
        elif change.comment is not None:
            comment = comment_fields(change.comment)
            fields.values |= {"comment": comment, "metadata": {DELIVERY_MARK: once.key}}
        elif fields.values:
            fields.values["metadata"] = {DELIVERY_MARK: once.key}
        return fields

    def _in_follow_up(self, closed: Json, change: TicketChange, once: Once) -> TicketOutcome:
        """Go on in the follow-up of a closed ticket, which is made when there is none yet."""
        opening = self.opening
        follow_up = self._follow_up_of(closed, change.handoff_id)
        if follow_up is not None:
            return self._made(follow_up, change, once) or self._update(follow_up, change, once)
        fields = self._fields({**closed, "tags": []}, change, once)
        self._continue(fields, closed, change.handoff_id)
        # One key for all deliveries of this handoff: two of them must not make two follow-ups.
        made = opening.create(fields, f"{change.handoff_id}:after:{closed['id']}", self._other_follow_up)
        return made if change.comment is None else self._made({"id": made.ref.id}, change, once) or made

    def _follow_up_of(self, closed: Json, handoff_id: str) -> Json | None:
        tickets = self.opening.client.tickets_of(handoff_id)
        later = [one for one in tickets if one["id"] > closed["id"] and one.get("status") != CLOSED]
        return later[0] if later else None

    @staticmethod
    def _other_follow_up() -> TicketOutcome:
        raise Busy(VENDOR, "another delivery is just making the follow-up")

    def _continue(self, fields: Fields, closed: Json, handoff_id: str) -> None:
        """Fill what a new ticket needs. The comment names its author: a follow-up ignores the submitter."""
        values = fields.values
        for name in ("safe_update", "updated_stamp"):
            values.pop(name, None)
        comment = dict(values.get("comment") or {"html_body": "<p>Continued here.</p>", "public": False})
        comment.setdefault("author_id", self.opening.directory.own_id())
        values |= {
            "via_followup_source_id": closed["id"],
            "external_id": handoff_id,
            "subject": closed.get("subject"),
            "requester_id": closed.get("requester_id"),
            "submitter_id": self.opening.directory.own_id(),
            "comment": comment,
            "tags": list(dict.fromkeys((*self.opening.mapping.tags, *values.get("tags", ())))),
        }


def _said(answer: Json, change: TicketChange) -> TicketMessage | None:
    """Return the change's comment out of the answer that took it. Raises OutcomeUnknown for an answer without it."""
    if change.comment is None:
        return None
    said = said_in([answer.get("audit")], change.comment)
    if said is None:
        raise OutcomeUnknown(VENDOR, "the answer does not tell the comment")
    return said
