"""A helpdesk and a chat that only remember: for tests, and for a run without any vendor.

They keep the whole contract, the vendor's own memory of what arrived included: a call whose
answer was lost has done its work, and a later attempt that looks first finds it. Like the wire to a
real vendor they take nothing from a worker that no longer holds what it writes about.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bridge.handoffs.model import CardRef, TicketRef
from bridge.roster.model import Person
from connectors.base import (
    Author,
    AuthorKind,
    ChangedTicket,
    ChangePage,
    Comment,
    CustomerRating,
    Finding,
    HelpdeskEvent,
    Limit,
    Once,
    RateReadings,
    TicketChange,
    TicketDraft,
    TicketHistory,
    TicketMessage,
    TicketOutcome,
    TicketState,
)
from connectors.chat import Attention, Card, CardOutcome, Dialog, Home, Notice, Reach
from connectors.errors import ConnectorError, Gone, NotForUs, Rejected
from connectors.fence import must_be_held

VENDOR = "remembering"
READING_CALLS = frozenset({"history", "changes", "find_card", "email_of", "link_to"})


class _Memory:
    """What both halves share: a lock, the calls in order, and troubles laid in wait for a test."""

    vendor = VENDOR

    def __init__(self, connection: str) -> None:
        self.connection = connection
        self.readings = RateReadings()
        self.limits: Mapping[str, Limit] = {}
        self.calls: list[tuple[str, str]] = []
        self._lock = threading.RLock()
        self._before: list[ConnectorError] = []
        self._after: list[ConnectorError] = []

    def check(self) -> tuple[Finding, ...]:
        return ()

    def fail_before(self, error: ConnectorError) -> None:
        """Have the next call fail with nothing done."""
        self._before.append(error)

    def fail_after(self, error: ConnectorError) -> None:
        """Have the next call do its work and lose the answer."""
        self._after.append(error)

    def _begin(self, call: str, about: str) -> None:
        if call not in READING_CALLS:
            must_be_held()
        self.calls.append((call, about))
        if self._before:
            raise self._before.pop(0)

    def _end(self) -> None:
        if self._after:
            raise self._after.pop(0)


class RememberingHelpdesk(_Memory):
    def __init__(
        self, connection: str = "helpdesk", now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__(connection)
        self.now = now
        self.tickets: dict[str, TicketDraft] = {}
        self.changed: list[tuple[str, TicketChange]] = []
        self.messages: dict[str, list[TicketMessage]] = {}
        self.states: dict[str, TicketState] = {}
        self.assignees: dict[str, str] = {}  #: ids of people, under which the desk knows them
        self.ratings: dict[str, CustomerRating] = {}
        self._done: set[str] = set()
        self._said: dict[str, TicketMessage] = {}  #: people's comments, by the delivery that brought them

    def open_ticket(self, draft: TicketDraft, once: Once) -> TicketOutcome:
        with self._lock:
            self._begin("open_ticket", draft.handoff_id)
            if once.look_first:
                for ticket_id, known in self.tickets.items():
                    if known.handoff_id == draft.handoff_id:
                        return TicketOutcome(ref=self.ref(ticket_id), found=True)
            ticket_id = str(len(self.tickets) + 1)
            self.tickets[ticket_id] = draft
            self._end()
            return TicketOutcome(ref=self.ref(ticket_id))

    def update_ticket(self, ref: TicketRef, change: TicketChange, once: Once) -> TicketOutcome:
        with self._lock:
            self._begin("update_ticket", ref.id)
            if ref.id not in self.tickets:
                raise Gone(VENDOR, "no such ticket")
            if not (once.look_first and once.key in self._done):
                self._done.add(once.key)
                self.changed.append((ref.id, change))
                if change.comment:
                    self._said[once.key] = self._comment(ref.id, change.comment)
                if change.solved:
                    self.states[ref.id] = TicketState.SOLVED
            self._end()
            return TicketOutcome(ref=ref, said=self._said.get(once.key))

    def _comment(self, ticket_id: str, comment: Comment) -> TicketMessage:
        messages = self.messages.setdefault(ticket_id, [])
        author = Author(kind=AuthorKind.PERSON, id=comment.author.key, name=comment.author.name)
        said = TicketMessage(
            id=f"{ticket_id}/{len(messages) + 1}",
            at=self.now(),
            author=author,
            public=comment.public,
            text=comment.text,
        )
        messages.append(said)
        return said

    def history(self, ref: TicketRef) -> TicketHistory:
        with self._lock:
            self._begin("history", ref.id)
            return TicketHistory(
                ref=ref,
                state=self.states.get(ref.id, TicketState.OPEN),
                messages=tuple(self.messages.get(ref.id, ())),
                handoff_id=self.tickets[ref.id].handoff_id,
                assignee_id=self.assignees.get(ref.id),
                rating=self.ratings.get(ref.id),
            )

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:  # noqa: ARG002
        """Name every ticket: there is no telling what a test has done to them."""
        with self._lock:
            tickets = tuple(
                ChangedTicket(ref=self.ref(ticket_id), handoff_id=draft.handoff_id)
                for ticket_id, draft in self.tickets.items()
            )
            return ChangePage(cursor=now.isoformat(), tickets=tickets)

    def cursor_at(self, moment: datetime) -> str:
        return moment.isoformat()

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:  # noqa: ARG002
        raise NotForUs("a memory sends no webhooks")

    def ref(self, ticket_id: str) -> TicketRef:
        return TicketRef(
            connection=self.connection, id=ticket_id, url=f"https://helpdesk.example/{ticket_id}"
        )


class RememberingChat(_Memory):
    """`knows` says whom the chat can tag: everybody, unless a test says otherwise."""

    def __init__(
        self, connection: str = "chat", knows: Callable[[Person], bool] = lambda _person: True
    ) -> None:
        super().__init__(connection)
        self.cards: dict[str, list[Card]] = {}
        self.notices: list[tuple[str, Notice]] = []
        self._knows = knows
        self.dialogs: list[tuple[str, Dialog]] = []  #: by the press that opened them
        self.homes: dict[str, list[Home]] = {}  #: what each user's page has shown, the newest last
        self.unfurled: list[tuple[dict[str, str], dict[str, Card]]] = []
        self.groups: dict[str, frozenset[str]] = {}
        self.emails: dict[str, str] = {}
        self.attentions: dict[str, Attention] = {}
        self._posts: dict[str, str] = {}
        self._tagged: dict[str, frozenset[str]] = {}  #: whom a line tags, by its delivery

    def post_card(self, card: Card, once: Once) -> CardOutcome:
        with self._lock:
            self._begin("post_card", card.handoff_id)
            found = self._found(card.channel, once)
            if found is None:
                self._posts[once.key] = str(len(self.cards) + 1)
                self.cards[self._posts[once.key]] = [card]
            self._end()
            return found or CardOutcome(ref=self._ref(card.channel, once))

    def find_card(self, channel: str, once: Once) -> CardOutcome | None:
        if not once.look_first:
            return None
        with self._lock:
            self._begin("find_card", channel)
            return self._found(channel, once)

    def _found(self, channel: str, once: Once) -> CardOutcome | None:
        known = once.look_first and once.key in self._posts
        return CardOutcome(ref=self._ref(channel, once), found=True) if known else None

    def _ref(self, channel: str, once: Once) -> CardRef:
        return CardRef(connection=self.connection, channel=channel, message=self._posts[once.key])

    def update_card(self, ref: CardRef, card: Card) -> None:
        with self._lock:
            self._begin("update_card", ref.message)
            self.cards[ref.message].append(card)
            self._end()

    def post_in_thread(self, ref: CardRef, notice: Notice, once: Once) -> Reach:
        return self._say("post_in_thread", f"{ref.channel}/{ref.message}", notice, once)

    def post_in_channel(self, channel: str, notice: Notice, once: Once) -> Reach:
        return self._say("post_in_channel", channel, notice, once)

    def direct_message(self, person: Person, notice: Notice, once: Once) -> Reach:
        reach = self._say("direct_message", f"@{person.key}", notice, once)
        known = frozenset({person.key}) if self._knows(person) else frozenset()
        return Reach(people=reach.people | known)

    def email_of(self, user_id: str) -> str | None:
        with self._lock:
            self._begin("email_of", user_id)
            return self.emails.get(user_id)

    def address_of(self, channel: str) -> str:
        return f"https://chat.example/{channel}"

    def attention(self, person: Person) -> Attention:
        return self.attentions.get(person.key, Attention.HERE)

    def tell_privately(self, channel: str, user_id: str, text: str) -> None:
        with self._lock:
            self._begin("tell_privately", f"{channel}@{user_id}")
            self.notices.append((f"{channel}@{user_id}", Notice(text=text)))

    def open_dialog(self, trigger: str, dialog: Dialog) -> None:
        with self._lock:
            self._begin("open_dialog", trigger)
            self.dialogs.append((trigger, dialog))
            self._end()

    def tell_user(self, user_id: str, notice: Notice, once: Once) -> None:
        self._say("tell_user", f"@{user_id}", notice, once)

    def publish_home(self, user_id: str, home: Home) -> None:
        with self._lock:
            self._begin("publish_home", user_id)
            self.homes.setdefault(user_id, []).append(home)
            self._end()

    def unfurl(self, place: Mapping[str, str], cards: Mapping[str, Card]) -> None:
        with self._lock:
            self._begin("unfurl", " ".join(cards))
            self.unfurled.append((dict(place), dict(cards)))
            self._end()

    def link_to(self, card: CardRef) -> str:
        with self._lock:
            self._begin("link_to", f"{card.channel}/{card.message}")
            return f"https://chat.example/{card.channel}/{card.message}"

    def keep_group(self, group: str, people: Sequence[Person]) -> bool:
        with self._lock:
            self._begin("keep_group", group)
            wanted = frozenset(person.key for person in people if self._knows(person))
            if not wanted:
                raise Rejected(VENDOR, "the chat knows none of these people")
            changed = self.groups.get(group) != wanted
            self.groups[group] = wanted
            self._end()
            return changed

    def _say(self, call: str, place: str, notice: Notice, once: Once) -> Reach:
        with self._lock:
            self._begin(call, place)
            if not (once.look_first and once.key in self._posts):
                self._posts[once.key] = place
                self.notices.append((place, notice))
                self._tagged[once.key] = frozenset(person.key for person in notice.tag if self._knows(person))
            self._end()
            return Reach(people=self._tagged[once.key])
