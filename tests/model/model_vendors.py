"""The people and machines around the bridge: a helpdesk, a chat and a bot that keep what reached them.

They remember as `connectors.remembering` does, follow merges and read webhooks by the connectors' own
code, and count every effect under the key of the delivery that had it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bridge.handoffs.model import TicketRef
from connectors.base import (
    Author,
    AuthorKind,
    ChangedTicket,
    ChangePage,
    HelpdeskEvent,
    Once,
    TicketChange,
    TicketDraft,
    TicketHistory,
    TicketMessage,
    TicketOutcome,
    TicketState,
)
from connectors.chat import Notice, Reach
from connectors.errors import Busy, Gone, Rejected
from connectors.fence import must_be_held
from connectors.mapping import shipped_mapping
from connectors.merges import Chapter, Merge, whole_history
from connectors.remembering import RememberingChat, RememberingHelpdesk
from connectors.zendesk import OAuthToken, ZendeskAccount, ZendeskHelpdesk
from sandbox.zendesk.hooks import COMMENT_ADDED, signature

SECRET: Final = "zendesk-webhook-secret"
US: Final = 3600
BOT_SEAT: Final = 3699
PRIYA: Final = 9001

Clock = Callable[[], datetime]

#: who writes on a ticket: the author's id at the helpdesk, and whether the helpdesk calls them staff
WRITERS: Final[Mapping[AuthorKind, tuple[int, bool]]] = {
    AuthorKind.PERSON: (3602, True),
    AuthorKind.BRIDGE: (US, True),
    AuthorKind.BOT: (BOT_SEAT, True),
    AuthorKind.RULE: (-1, False),
    AuthorKind.CUSTOMER: (PRIYA, False),
}
EAR: Final = ZendeskHelpdesk(
    account=ZendeskAccount(sign_in=OAuthToken(token="t"), subdomain="shop"),
    mapping=shipped_mapping("zendesk").model_copy(update={"not_people": frozenset({str(BOT_SEAT)})}),
    webhook_secrets=(SECRET,),
    own_user_id=US,
)


@dataclass(frozen=True)
class Webhook:
    """What the helpdesk sends, and sends again when it likes; signed anew each time."""

    body: bytes
    invocation: str

    def headers(self, at: datetime) -> dict[str, str]:
        moment = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        return {
            "x-zendesk-webhook-signature": signature(SECRET, moment, self.body),
            "x-zendesk-webhook-signature-timestamp": moment,
            "x-zendesk-webhook-invocation-id": self.invocation,
        }


class Troubled:
    """Refuses, when told so, the next of the named calls for good; and says until when it is to be left alone."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.refused: list[str] = []  #: what the refused calls were about
        self.left_alone_for: Busy | None = None

    def begins(self, begin: Callable[[str, str], None], call: str, about: str, *, done: bool) -> None:
        """Begin a call, and refuse it unless it was `done` already, by an attempt whose answer was lost."""
        try:
            begin(call, about)
        except Busy as busy:
            if busy.limit:
                self.left_alone_for = busy
            raise
        if self.refusals and self.refusals[0] == call and not done:
            self.refusals.pop(0)
            self.refused.append(about)
            raise Rejected("vendor", "it cannot be taken as it stands")


class BusyHelpdesk(RememberingHelpdesk):
    """A helpdesk in which people, bots and rules write, solve, merge and delete."""

    vendor = "zendesk"

    def __init__(self, clock: Clock) -> None:
        super().__init__("helpdesk")
        self.clock = clock
        self.trouble = Troubled()
        self.webhooks: list[Webhook] = []
        self.merges: dict[str, Merge] = {}
        self.changes_made: list[str] = []
        self.effects: Counter[str] = Counter()

    def write(self, ticket_id: str, kind: AuthorKind, *, public: bool) -> TicketMessage:
        """Have somebody write on a ticket now; a webhook tells of it."""
        number = len(self.webhooks) + 1
        author_id, staff = WRITERS[kind]
        said = TicketMessage(
            id=str(number),
            at=self.clock(),
            author=Author(kind=kind, id=str(author_id), name="Ravi Iyer" if staff else "Priya"),
            public=public,
            text=f"words number {number}",
        )
        self.messages.setdefault(ticket_id, []).append(said)
        self._tell(ticket_id, self._comment(ticket_id, said, staff=staff))
        return said

    def become(self, ticket_id: str, state: TicketState) -> None:
        self.states[ticket_id] = state
        self._hint(ticket_id)

    def merge(self, ticket_id: str, into: str) -> None:
        self.merges[ticket_id] = Merge(into, self.clock())
        self._hint(ticket_id)

    def get_well(self) -> None:
        self._before.clear()
        self._after.clear()
        self.trouble.refusals.clear()

    def ticket_of(self, handoff_id: str) -> str | None:
        return next((id_ for id_, draft in self.tickets.items() if draft.handoff_id == handoff_id), None)

    def place_of(self, ticket_id: str) -> str:
        """Return where people find the ticket now, after its merges."""
        return self.place_of(self.merges[ticket_id].into) if ticket_id in self.merges else ticket_id

    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        before = len(self.tickets)
        try:
            return super().open_ticket(draft, once)
        finally:
            self.effects[once.key] += len(self.tickets) - before

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        place, before = self.place_of(ref.id), len(self.changed)
        if self.states.get(place) is TicketState.DELETED:
            raise Gone("helpdesk", "no such ticket")
        try:
            return super().update_ticket(replace(self.ref(place), since=self._since(ref)), change, once)
        finally:
            self.effects[once.key] += len(self.changed) - before

    def _since(self, ref: TicketRef) -> datetime | None:
        merge = self.merges.get(ref.id)
        return self._since(replace(self.ref(merge.into), since=merge.at)) if merge else ref.since

    def history(self, ref: TicketRef) -> TicketHistory:
        with self._lock:
            self._begin("history", ref.id)
            told = whole_history(ref.id, self._chapter, self.ref)
            self._end()
            return told

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:
        with self._lock:
            self._begin("changes", "")
            changed = dict.fromkeys(self.changes_made[int(cursor or 0) :])
            tickets = tuple(
                ChangedTicket(ref=self.ref(each), handoff_id=self.tickets[each].handoff_id)
                for each in changed
            )
            self._end()
            return ChangePage(cursor=str(len(self.changes_made)), tickets=tickets)

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:
        return EAR.receive(headers, body, now)

    def _begin(self, call: str, about: str) -> None:
        self.trouble.begins(super()._begin, call, about, done=self.ticket_of(about) is not None)

    def _chapter(self, ticket_id: str, after: datetime | None) -> Chapter | None:
        state = self.states.get(ticket_id, TicketState.OPEN)
        if state is TicketState.DELETED:
            return None
        said = self.messages.get(ticket_id, ())
        told = TicketHistory(
            ref=self.ref(ticket_id),
            state=state,
            messages=tuple(one for one in said if after is None or one.at >= after),
            handoff_id=self.tickets[ticket_id].handoff_id,
        )
        return Chapter(told=told, merge=self.merges.get(ticket_id))

    def _comment(self, ticket_id: str, said: TicketMessage, *, staff: bool) -> dict[str, Any]:
        return {
            "type": COMMENT_ADDED,
            "id": f"event-{said.id}",
            "time": f"{said.at:%Y-%m-%dT%H:%M:%S.%f}000Z",
            "detail": {
                "id": ticket_id,
                "external_id": self.tickets[ticket_id].handoff_id,
                "requester_id": str(PRIYA),
                "via": {"channel": "web"},
            },
            "event": {
                "comment": {
                    "id": said.id,
                    "body": said.text,
                    "is_public": said.public,
                    "author": {"id": said.author.id, "is_staff": staff, "name": said.author.name},
                }
            },
        }

    def _hint(self, ticket_id: str) -> None:
        external = self.tickets[ticket_id].handoff_id
        self._tell(ticket_id, {"type": "newMessage", "ticketId": ticket_id, "externalId": external})

    def _tell(self, ticket_id: str, told: Mapping[str, Any]) -> None:
        self.changes_made.append(ticket_id)
        self.webhooks.append(Webhook(json.dumps(told).encode(), f"invocation-{len(self.webhooks)}"))


class BusyChat(RememberingChat):
    vendor = "slack"

    def __init__(self) -> None:
        self.strangers: set[str] = set()  #: keys of people whom the chat cannot tag
        super().__init__("chat", knows=lambda person: person.key not in self.strangers)
        self.trouble = Troubled()
        self.effects: Counter[str] = Counter()
        self.tagged_nobody: set[str] = set()  #: keys of posts that could tag none of whom they named

    def _begin(self, call: str, about: str) -> None:
        posted = any(cards[0].handoff_id == about for cards in self.cards.values())
        self.trouble.begins(super()._begin, call, about, done=posted)

    def get_well(self) -> None:
        self._before.clear()
        self._after.clear()
        self.trouble.refusals.clear()

    def post_card(self, card: Any, once: Once) -> Any:
        before = len(self.cards)
        try:
            return super().post_card(card, once)
        finally:
            self.effects[once.key] += len(self.cards) - before

    def _say(self, call: str, place: str, notice: Notice, once: Once) -> Reach:
        before = len(self.notices)
        try:
            reach = super()._say(call, place, notice, once)
        finally:
            self.effects[once.key] += len(self.notices) - before
        if call == "post_in_thread" and notice.tag and not reach.people:
            self.tagged_nobody.add(once.key)
        return reach


@dataclass
class Posted:
    status: int


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One callback as the bot got it."""

    delivery_id: str
    handoff_id: str
    event: str
    data: Mapping[str, Any]
    at: datetime
    taken: bool  #: and whoever called has heard so


class ListeningBot:
    """Takes callbacks, with 200 unless told otherwise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.caller_dies = False  #: before it can tell anybody what it was answered
        self.answers: list[int] = []
        self.heard: list[Heard] = []

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        must_be_held()
        status = self.answers.pop(0) if self.answers else 200
        told = json.loads(body)
        self.heard.append(
            Heard(
                delivery_id=headers["webhook-id"],
                handoff_id=told["data"]["handoff_id"],
                event=told["type"].removeprefix("handoff."),
                data=told["data"],
                at=self._clock(),
                taken=status == 200 and not self.caller_dies,
            )
        )
        return Posted(status)
