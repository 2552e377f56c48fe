"""Changes a handoff's ticket where it lives now: in the one it was merged into, where it was merged.

Freshdesk has no conditional update: a PUT overwrites whoever was faster. So everything that takes
time is asked first, the ticket is read last, only what differs from it is written at once, and tags, whose
list replaces the old one, are merged with those just read. The note comes after the fields, so that a
note with our mark proves that the whole change was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.handoffs.model import TicketRef
from connectors.base import Once, TicketChange, TicketOutcome
from connectors.errors import Busy, Gone
from connectors.freshdesk.commenting import Commenting
from connectors.freshdesk.conversation import CLOSED, merged_into
from connectors.freshdesk.failures import VENDOR, Refused
from connectors.freshdesk.fields import add_solved, add_tags, changed, drop_what_is_so, unsolved, without
from connectors.freshdesk.note import carries
from connectors.freshdesk.opening import Opening
from connectors.merges import Merge, Present, present
from connectors.ticket_fields import Fields

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Changing:
    """The calls that change a ticket. All raise ConnectorError."""

    opening: Opening

    def change(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        opening = self.opening
        fields = changed(change, opening.mapping, opening.directory)
        ticket, since = self._present(ref)
        ticket_id = ticket["id"]
        found_at = replace(opening.ref(ticket_id), since=since)
        if change.note is not None and once.look_first and self._has_note(ticket_id, once.key):
            return TicketOutcome(ref=found_at, found=True)
        add_tags(fields, change.tags, ticket)
        if change.solved:
            add_solved(fields, opening.mapping, ticket)
        drop_what_is_so(fields, ticket)
        written = self._write(ticket_id, fields)
        problems = tuple(written.problems)
        if change.note is not None:
            problems += opening.add_note(ticket_id, change.note, once.key)
        said = Commenting(api=opening.api).say(ticket_id, change.comment, once) if change.comment else None
        return TicketOutcome(ref=found_at, problems=problems, misrouted=written.misrouted, said=said)

    def _present(self, ref: TicketRef) -> Present:
        """Return the ticket, or the one it was merged into. Raises Gone when it is deleted or spam."""
        found = present(ref, self.opening.api.ticket, self._merge_of)
        ticket = found.ticket
        if ticket.get("deleted") is True or ticket.get("spam") is True:
            raise Gone(VENDOR, "the ticket was deleted or marked as spam")
        if not isinstance(ticket.get("id"), int):
            raise Busy(VENDOR, "the answer names no ticket")
        return found

    def _merge_of(self, ticket: Json) -> Merge | None:
        if ticket.get("status") != CLOSED:
            return None
        rows = self.opening.api.conversations(ticket["id"])
        return merged_into(ticket, rows, self.opening.directory.own_id())

    def _has_note(self, ticket_id: Any, mark: str) -> bool:
        own_id = self.opening.directory.own_id()
        return carries(self.opening.api.conversations(ticket_id), mark, own_id)

    def _write(self, ticket_id: Any, fields: Fields) -> Fields:
        """Write the fields in one call, in a second one without what the first was refused for; return what went."""
        if not fields.values:
            return fields
        try:
            self.opening.api.update_ticket(ticket_id, fields.values)
        except Refused as refused:
            mapping = self.opening.mapping
            left = unsolved(fields, refused, mapping) or without(fields, refused, mapping)
            if left is None:
                raise
            if left.values:
                self.opening.api.update_ticket(ticket_id, left.values)
            return left
        return fields
