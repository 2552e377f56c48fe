"""Opens one ticket for a handoff, and never a second one. Source: Zendesk "Idempotency", "Create Ticket"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.handoffs.model import Customer, TicketRef
from connectors.base import Note, Once, TicketDraft, TicketOutcome
from connectors.errors import AccessDenied, Busy, OutcomeUnknown, Rejected
from connectors.mapping import FieldMapping
from connectors.note_html import FILE_KIND
from connectors.ticket_fields import Fields
from connectors.zendesk.access import VENDOR, ZendeskAccount
from connectors.zendesk.client import ZendeskClient
from connectors.zendesk.directory import Directory
from connectors.zendesk.failures import Refused
from connectors.zendesk.fields import DELIVERY_MARK, drafted, requester, without
from connectors.zendesk.note import WrittenNote, without_file, written

#: Zendesk forgets a key after two hours and then makes a second ticket; clocks and queues may be off by half
KEYS_TRUSTED_FOR = timedelta(hours=1)

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """The calls that bring a ticket into being. All raise ConnectorError."""

    account: ZendeskAccount
    connection: str
    client: ZendeskClient
    directory: Directory
    mapping: FieldMapping
    clock: Callable[[], datetime]

    def open(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        if once.look_first or self._is_old(once):
            found = self.found(draft.handoff_id)
            if found is not None:
                return found
        fields = drafted(draft, self.mapping, self.directory)
        self._add_requester(fields, draft.customer)
        self.add_note(fields, draft.note, once.key, draft.handoff_id)
        return self.create(fields, once.key, lambda: self._earlier(draft.handoff_id))

    def found(self, handoff_id: str) -> TicketOutcome | None:
        """Return the ticket that carries this handoff, the oldest where there are several; None for none."""
        tickets = self.client.tickets_of(handoff_id)
        if not tickets:
            return None
        problems: tuple[str, ...] = ()
        if len(tickets) > 1:
            others = ", ".join(str(one["id"]) for one in tickets[1:])
            problems = (f"several tickets carry this handoff; {tickets[0]['id']} is kept, see also {others}",)
        return TicketOutcome(ref=self.ref(tickets[0]["id"]), problems=problems, found=True)

    def create(self, fields: Fields, key: str, earlier: Callable[[], TicketOutcome]) -> TicketOutcome:
        """Make the ticket; where Zendesk refuses a part, make it once more without that part.

        `earlier` tells the outcome when the key was used already, with another body.
        """
        try:
            answer = self.client.create(fields.values, key)
        except Refused as refused:
            if "idempoten" in refused.error.lower():
                return earlier()
            fields = self._without(fields, refused)
            answer = self.client.create(fields.values, f"{key}:without")
        return self._outcome(answer, fields)

    def add_note(self, fields: Fields, note: Note, key: str, handoff_id: str) -> None:
        """Put the private note on the fields, and the mark by which this delivery is known again."""
        whole = written(note)
        comment: dict[str, Any] = {"html_body": whole.body, "public": False}
        if whole.file is not None:
            self._attach(comment, whole, f"conversation-{handoff_id}.txt", fields)
        fields.values |= {"comment": comment, "metadata": {DELIVERY_MARK: key}}

    def ref(self, ticket_id: Any) -> TicketRef:
        return TicketRef(
            connection=self.connection, id=str(ticket_id), url=self.account.ticket_url(ticket_id)
        )

    def _is_old(self, once: Once) -> bool:
        return once.first_tried_at is not None and self.clock() - once.first_tried_at > KEYS_TRUSTED_FOR

    def _earlier(self, handoff_id: str) -> TicketOutcome:
        """Return the ticket of an attempt with another body, such as one with another file."""
        found = self.found(handoff_id)
        if found is None:
            raise OutcomeUnknown(VENDOR, "an earlier attempt used this key, and its ticket is not to be seen")
        return found

    def _without(self, fields: Fields, refused: Refused) -> Fields:
        if refused.named & {"group", "group_id"}:
            self.directory.forget_groups()
        left = without(fields.values, refused, self.mapping)
        if left is None:
            raise refused
        told = "; ".join(left.problems)
        comment = dict(left.values.get("comment") or {})
        if "html_body" in comment:
            comment["html_body"] += f"<p>Not as planned: {told}.</p>"
            left.values["comment"] = comment
        left.problems = [*fields.problems, *left.problems]
        left.misrouted |= fields.misrouted
        return left

    def _outcome(self, answer: Json, fields: Fields) -> TicketOutcome:
        ticket = answer.get("ticket")
        if not isinstance(ticket, dict) or "id" not in ticket:
            raise OutcomeUnknown(VENDOR, "the answer names no ticket")
        problems = (*fields.problems, *_note_problems(answer, self.directory.own_id()))
        return TicketOutcome(ref=self.ref(ticket["id"]), problems=problems, misrouted=fields.misrouted)

    def _attach(self, comment: dict[str, Any], note: WrittenNote, name: str, fields: Fields) -> None:
        try:
            comment["uploads"] = [self.client.upload(name, note.file or b"", FILE_KIND)]
        except OutcomeUnknown as error:
            # A file nobody refers to does no harm, so the whole may be done again.
            raise Busy(VENDOR, "the conversation's file may not have arrived") from error
        except Rejected:
            comment["html_body"] = without_file(note.body)
            fields.problems.append("the conversation was too long for a note and its file was refused")

    def _add_requester(self, fields: Fields, customer: Customer) -> None:
        """Name the customer. One without an e-mail address is looked for by their id with the company."""
        fields.values["requester"] = requester(customer)
        if customer.email or not customer.external_id:
            return
        try:
            known = self.client.users_of(customer.external_id)
        except AccessDenied:
            known = []
            fields.problems.append("the customer was not looked for: the key may not search users")
        if known:
            del fields.values["requester"]
            fields.values["requester_id"] = known[0]["id"]
        else:
            fields.values["requester"]["external_id"] = customer.external_id


def _note_problems(answer: Json, own_id: int) -> list[str]:
    """Say where Zendesk made of the note what it must not be: the customer's words, or public."""
    events = (answer.get("audit") or {}).get("events") or ()
    comments = [event for event in events if event.get("type") == "Comment"]
    problems = []
    if any(comment.get("author_id") != own_id for comment in comments):
        problems.append("the helpdesk shows our note as written by somebody else")
    if any(comment.get("public") is not False for comment in comments):
        problems.append("the helpdesk made our private note public")
    return problems
