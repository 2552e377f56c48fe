"""Opens one ticket for a handoff, and never a second one, though Freshdesk knows no idempotency.

A ticket takes two calls: the ticket itself, whose description the customer can read, then the private
note. Each leaves a mark (the handoff's id as a tag and in a field; a reference in the note's text),
so that a later attempt finds what an earlier one did, in whatever state it broke off:

- the ticket's answer was lost, or a crash came after it: OutcomeUnknown; the next attempt finds the ticket;
- the ticket stands and its note failed for now: OutcomeUnknown too, never Busy, because "nothing was
  done" would make a second ticket; the next attempt adopts the ticket, looks for the note, writes it;
- the ticket stands and its note was refused for good: settled, with a problem for the admin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.handoffs.model import TicketRef
from connectors.base import Note, Once, TicketDraft, TicketOutcome
from connectors.errors import Busy, OutcomeUnknown, Rejected
from connectors.freshdesk.api import FreshdeskApi
from connectors.freshdesk.directory import Directory
from connectors.freshdesk.failures import VENDOR, Refused
from connectors.freshdesk.fields import IN_PLACE, drafted, is_of, requester, without
from connectors.freshdesk.moments import as_text
from connectors.freshdesk.note import brief, carries, written
from connectors.mapping import FieldMapping
from connectors.moments import moment
from connectors.ticket_fields import Fields

#: a ticket of a lost call may still be on its way into the list; before that no second one is made
SETTLING: Final = timedelta(seconds=15)
#: their clock and ours may differ by so much
SKEW: Final = timedelta(minutes=5)
#: how far back to look where nobody knows when the first attempt was
LONGEST_AGO: Final = timedelta(hours=48)
#: pages of new tickets looked through, 100 on each, before the search is asked instead
MOST_PAGES: Final = 3
#: another worker takes a delivery after 30 s; a write that begins later than this could overlap with it
LATEST_TICKET: Final = timedelta(seconds=10)
LATEST_NOTE: Final = timedelta(seconds=15)

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """The calls that bring a ticket into being. All raise ConnectorError."""

    connection: str
    api: FreshdeskApi
    directory: Directory
    mapping: FieldMapping
    clock: Callable[[], datetime]
    settling: timedelta = SETTLING
    #: by handoff, when this process last lost the answer to a new ticket
    _lost_at: dict[str, datetime] = field(default_factory=dict)

    def open(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        began = self.clock()
        if once.look_first:
            found = self._earlier(draft, once)
            if found:
                return self._adopted(found, draft)
            self._wait_until_settled(draft.handoff_id, once)
        fields = drafted(draft, self.mapping, self.directory)
        ticket_id, fields = self._create(draft.handoff_id, fields, began)
        try:
            problems = self._first_note(ticket_id, draft, fields.problems, began)
        except (Busy, OutcomeUnknown) as error:
            told = f"the ticket was made, its note not yet ({error.detail})"
            raise OutcomeUnknown(VENDOR, told) from error
        problems = (*fields.problems, *problems)
        return TicketOutcome(ref=self.ref(ticket_id), problems=problems, misrouted=fields.misrouted)

    def ref(self, ticket_id: Any) -> TicketRef:
        return TicketRef(
            connection=self.connection, id=str(ticket_id), url=self.api.page_of_ticket(ticket_id)
        )

    def add_note(self, ticket_id: Any, note: Note, mark: str) -> tuple[str, ...]:
        """Write a private note with its mark; return what had to be left out of it."""
        whole = written(note, mark)
        try:
            self.api.add_private_note(ticket_id, whole.body, whole.file)
        except Refused:
            self.api.add_private_note(ticket_id, brief(note, mark))
            return ("the helpdesk refused the note as a whole; a short one is there",)
        return ()

    def _create(self, handoff_id: str, fields: Fields, began: datetime) -> tuple[int, Fields]:
        if self.clock() - began > LATEST_TICKET:
            raise Busy(VENDOR, "Freshdesk is slow; the ticket is made in an attempt of its own")
        try:
            return self._send(fields)
        except OutcomeUnknown:
            self._lost_at[handoff_id] = self.clock()
            raise

    def _send(self, fields: Fields) -> tuple[int, Fields]:
        """Make the ticket; where Freshdesk refuses a part, make it once more without that part."""
        try:
            return _id_of(self.api.create_ticket(fields.values)), fields
        except Refused as refused:
            left = without(fields, refused, self.mapping, IN_PLACE)
            if left is None:
                raise
        if "group_id" in fields.values and "group_id" not in left.values:
            self.directory.forget_groups()
        return _id_of(self.api.create_ticket(left.values)), left

    def _first_note(
        self, ticket_id: int, draft: TicketDraft, left_out: list[str], began: datetime
    ) -> tuple[str, ...]:
        if self.clock() - began > LATEST_NOTE:
            raise Busy(VENDOR, "Freshdesk is slow")
        facts = (*draft.note.facts, *(("Not as planned", problem) for problem in left_out))
        note = Note(lines=draft.note.lines, facts=facts, transcript=draft.note.transcript)
        try:
            return self.add_note(ticket_id, note, draft.handoff_id)
        except Rejected as error:
            return (f"the private note could not be written ({error.detail})",)

    def _adopted(self, found: list[Json], draft: TicketDraft) -> TicketOutcome:
        """Finish what an earlier attempt began. The oldest ticket is kept where there are several."""
        ticket_id = found[0]["id"]
        problems: tuple[str, ...] = ()
        if len(found) > 1:
            others = ", ".join(str(one["id"]) for one in found[1:])
            problems = (f"several tickets carry this handoff; {ticket_id} is kept, see also {others}",)
        own_id = self.directory.own_id()
        if not carries(self.api.conversations(ticket_id), draft.handoff_id, own_id):
            problems += self._first_note(ticket_id, draft, [], self.clock())
        self._lost_at.pop(draft.handoff_id, None)
        return TicketOutcome(ref=self.ref(ticket_id), problems=problems, found=True)

    def _earlier(self, draft: TicketDraft, once: Once) -> list[Json]:
        """Return the tickets that carry this handoff, oldest first.

        The customer's own list is short and fresh. Where it has none, the list of all new tickets is
        looked through: the customer may have come to be known by another address meanwhile.
        """
        since = (once.first_tried_at or self.clock() - LONGEST_AGO) - SKEW
        who = {name: value for name, value in requester(draft).items() if name not in ("name", "phone")}
        for asked in ([who] if who else []) + [{}]:
            rows = list(self._new_tickets(asked, since, draft.handoff_id))
            found = [row for row in rows if is_of(row, draft.handoff_id, self.mapping) and "id" in row]
            if found:
                return sorted(found, key=lambda row: int(row["id"]))
        return []

    def _new_tickets(self, asked: Mapping[str, str], since: datetime, handoff_id: str) -> Iterator[Json]:
        """Yield tickets made after `since`, newest first; where there are too many, those the search finds."""
        for number in range(1, MOST_PAGES + 1):
            try:
                page = self.api.tickets(
                    page=number,
                    updated_since=as_text(since),
                    order_by="created_at",
                    order_type="desc",
                    **asked,
                )
            except Refused as refused:
                if refused.faults.keys() & asked.keys():
                    return  # no contact is known by this address, so no ticket is theirs
                raise
            yield from page.rows
            last = moment(page.rows[-1].get("created_at")) if page.rows else None
            if not page.more or last is None or last < since:
                return
        yield from self.api.search_tickets(f"tag:'{handoff_id}'")

    def _wait_until_settled(self, handoff_id: str, once: Once) -> None:
        """Raise Busy while a ticket that was sent may yet turn up. Forget what was lost long ago."""
        now = self.clock()
        for key in [key for key, lost in list(self._lost_at.items()) if now - lost > LONGEST_AGO]:
            self._lost_at.pop(key, None)
        tries = [at for at in (self._lost_at.get(handoff_id), once.first_tried_at) if at is not None]
        waited = now - max(tries) if tries else self.settling
        if waited < self.settling:
            told = "an earlier attempt may yet make the ticket"
            raise Busy(VENDOR, told, retry_after=self.settling - waited)


def _id_of(answer: Json) -> int:
    ticket_id = answer.get("id")
    if not isinstance(ticket_id, int):
        raise OutcomeUnknown(VENDOR, "the answer names no ticket")
    return ticket_id
