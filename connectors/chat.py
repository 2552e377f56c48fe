"""What a chat takes and tells: the half of the contract that cards, dialogs, pages and presses belong to.

What `connectors.base` says of every connector holds here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from bridge.handoffs.model import CardRef, TicketRef
from bridge.roster.model import Person
from connectors.base import Connector, Once


@dataclass(frozen=True, kw_only=True, slots=True)
class CardOutcome:
    """Where the card stands. One that was `found` stands there as an earlier attempt drew it."""

    ref: CardRef
    found: bool = False


class CardState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    LATE = "late"  #: the promise has passed and nobody has answered
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What the shift's channel shows of one handoff. Every text in it is masked already, none is escaped."""

    handoff_id: str
    channel: str  #: the vendor's id of the channel
    state: CardState
    lines: tuple[str, str]  #: "Wants …" and "Tried …; suspects …", 160 characters each at most
    reason: str
    waiting_since: datetime
    promised_at: datetime
    owner: Person | None = None  #: None on a roster gap; `lead` is tagged instead
    lead: Person | None = None
    customer: str | None = None  #: first name
    topic: str | None = None
    built: bool = False  #: the lines were made by our rules
    ticket: TicketRef | None = None  #: None while the ticket is pending
    claimed_by: str | None = None  #: a name
    snoozed_until: datetime | None = None  #: the ladder waits so long; None where it does not
    snoozed_by: str | None = None  #: a name
    answered_by: str | None = None  #: a name
    answered_at: datetime | None = None
    within_promise: bool | None = None
    closing: str | None = None  #: how it ended, when CLOSED: "withdrawn", "resolved"
    wrote_again_at: datetime | None = None  #: when the customer last wrote and nobody has answered since
    undelivered: bool = False  #: the bot did not take the last reply, so the customer has not seen it
    handed_on_from: Person | None = (
        None  #: who had it until the shift change; None where it was not handed on
    )
    was_with: Person | None = None  #: who had the conversation before; None when it is not handed over again
    was_with_until: datetime | None = None  #: given with `was_with`
    flags: tuple[str, ...] = ()
    customer_channel: str | None = None  #: the channel the customer writes on, as the desk calls it
    channel_closes_at: datetime | None = (
        None  #: from then it takes no message to them; None where it does not close
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One line of text to people, tagging some of them. The text is masked already, not escaped."""

    text: str
    tag: tuple[Person, ...] = ()
    tag_group: str | None = None  #: a user group's id
    link: str | None = None  #: a web address to open, after the text


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whom a post could really tag: people the vendor knows, by their key in the desk."""

    people: frozenset[str] = frozenset()
    message: str | None = None


class Attention(StrEnum):
    """Whether a person would notice a message now."""

    HERE = "here"
    AWAY = "away"  #: or asked not to be disturbed
    UNREACHABLE = "unreachable"  #: gone from the workspace, deactivated, or there as a guest


class Action(StrEnum):
    """What a person can do with a handoff from the chat."""

    CLAIM = "claim"
    REPLY = "reply"
    SEND_REPLY = "send_reply"  #: after reading what the customer will read
    NOTE = "note"
    HAND_OVER = "hand_over"
    WRONG_TEAM = "wrong_team"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    CONTEXT_HELPED = "context_helped"
    CONTEXT_FAILED = "context_failed"
    RE_ASKED = "re_asked"
    REMARK = "remark"  #: the one line a person may add to what they pressed of the context
    TAKE_OVER = "take_over"  #: a channel from whoever holds it now
    GIVE_BACK = "give_back"  #: a cover, before its time
    ALERTS = "alerts"  #: the presser's own alert rules
    HAND_OFF = "hand_off"  #: a message of the chat, to whoever is on duty


#: what a person can do that is about no handoff there is
DESK_ACTIONS: Final = frozenset({Action.TAKE_OVER, Action.GIVE_BACK, Action.ALERTS, Action.HAND_OFF})


class FieldKind(StrEnum):
    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogField:
    """One thing a dialog asks for. Labels, hints and choices are masked already, none is escaped."""

    name: str
    label: str
    kind: FieldKind
    choices: tuple[Choice, ...] = ()  #: of a CHOICE; at most 100
    hint: str | None = None
    required: bool = True
    longest: int = 500  #: characters
    initial: str | None = None  #: what stands in it at first: text, or the value of a choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialog:
    """What the chat asks one person before an action. Its texts are masked already, none is escaped.

    `handoff_id` is empty for an action about none, as in a press. `kept` comes back with what they enter;
    `quoted` is shown word for word, set apart from our own lines.
    """

    action: Action
    handoff_id: str
    title: str  #: 24 characters at most
    submit: str  #: what the button says that sends it off
    lines: tuple[str, ...] = ()
    quoted: str | None = None
    fields: tuple[DialogField, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    card: CardRef | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A button pressed or a dialog sent off, verified and translated.

    `trigger` lets the chat open a dialog for this user, within seconds and once; None where it gave none.
    `entered` is what a dialog's fields hold, `kept` what it carried; None of it for a button.
    One of DESK_ACTIONS has an empty `handoff_id`; what its button is about is the `subject`.
    """

    event_id: str
    action: Action
    handoff_id: str
    user_id: str
    user_name: str
    card: CardRef | None = None
    trigger: str | None = None
    entered: Mapping[str, str] | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def from_dialog(self) -> bool:
        return self.entered is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class PressAnswer:
    """What to show the one who pressed: why nothing happened, what to mend by field, or what to confirm.

    All empty: it has been done, and an open dialog closes.
    """

    text: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    dialog: Dialog | None = None


class ChatEventKind(StrEnum):
    """What happens in a chat by itself and changes where we can post or whom we can reach."""

    CHANNEL_CLOSED = "channel_closed"  #: archived or deleted
    BOT_REMOVED = "bot_removed"  #: from a channel
    CHANNEL_USABLE = "channel_usable"  #: unarchived, or the bot was brought in again
    PERSON_GONE = "person_gone"  #: deactivated, or only a guest from now on
    ACCESS_LOST = "access_lost"  #: the token was revoked, or the app taken out


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatEvent:
    """News of a chat, verified and translated. `event_id` is the vendor's, the same over redeliveries.

    `channel` is given where it is about one, `user_id` and perhaps `email` (in lower case) where about a person.
    """

    event_id: str
    kind: ChatEventKind
    channel: str | None = None
    user_id: str | None = None
    email: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What a user typed after the bridge's own command. A mention in it stands as "@" and the user's id."""

    event_id: str
    user_id: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeOpened:
    """A user looks at their own page of the bridge."""

    user_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PickedMessage:
    """A message that a user wants to hand off. `conversation_id` is the same however often it is picked."""

    event_id: str
    user_id: str
    user_name: str
    conversation_id: str
    text: str
    code: str  #: of the trigger
    trigger: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedLinks:
    """Links that a user of our own workspace has written into a message."""

    user_id: str
    place: Mapping[str, str]  #: the message they stand in, as the chat wants it told
    urls: tuple[str, ...]


class Surfaces(Protocol):
    """Takes what comes from the chat beside presses. Each answers without calling a vendor."""

    def command(self, command: Command) -> str:
        """Return what to show the user, and nobody else; lines are set apart by line ends."""
        ...

    def opened(self, opened: HomeOpened) -> None: ...

    def picked(self, picked: PickedMessage) -> None: ...

    def shared(self, shared: SharedLinks) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """Somebody holds a channel until, not including, `ends_at`. `starts_at` is None for one who holds it now."""

    channel: str
    name: str
    ends_at: datetime
    starts_at: datetime | None = None
    shift: str | None = None
    note: str | None = None  #: who said that they stand in


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeGap:
    """Nobody holds a channel. `starts_at` is None for a gap that lasts already."""

    channel: str
    ends_at: datetime
    starts_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeCover:
    cover_id: str
    text: str  #: "You cover for Ravi on whatsapp"
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """One person's own page in the chat. Every text in it is masked already, none is escaped.

    With `refusal` it shows that and nothing else. The same content is always equal, at whatever time it was read.
    """

    refusal: str | None = None
    waiting: tuple[Card, ...] = ()  #: their open handoffs nobody has answered, the longest wait first
    more_waiting: int = 0  #: so many more than are shown
    answered: int = 0  #: theirs, answered and not resolved
    mine_now: tuple[Holding, ...] = ()
    mine_next: Holding | None = None
    covers: tuple[HomeCover, ...] = ()
    others_now: tuple[Holding, ...] = ()  #: channels that somebody else holds
    gaps: tuple[HomeGap, ...] = ()
    alerts: tuple[str, ...] = ()  #: the person's rules, each in a sentence


class Chat(Connector, Protocol):
    def post_card(self, card: Card, once: Once) -> CardOutcome: ...

    def find_card(self, channel: str, once: Once) -> CardOutcome | None:
        """Return the card that an earlier attempt posted; None when none is to be seen.

        Without `look_first` no call is made. Raises ConnectorError, Busy while that cannot be said yet.
        """
        ...

    def update_card(self, ref: CardRef, card: Card) -> None: ...

    def post_in_thread(self, ref: CardRef, notice: Notice, once: Once) -> Reach: ...

    def post_in_channel(self, channel: str, notice: Notice, once: Once) -> Reach: ...

    def direct_message(self, person: Person, notice: Notice, once: Once) -> Reach: ...

    def email_of(self, user_id: str) -> str | None:
        """Return a user's e-mail, in lower case; None when the chat knows none. Raises ConnectorError."""
        ...

    def address_of(self, channel: str) -> str:
        """Return where an admin opens a channel in the browser. No call is made."""
        ...

    def attention(self, person: Person) -> Attention:
        """Return whether a message would reach this person now. Raises ConnectorError."""
        ...

    def tell_privately(self, channel: str, user_id: str, text: str) -> None:
        """Show one user of a channel a line that nobody else sees. Raises ConnectorError."""

    def open_dialog(self, trigger: str, dialog: Dialog) -> None:
        """Ask the user who caused `trigger`. Raises Gone where it is too late, ConnectorError."""

    def tell_user(self, user_id: str, notice: Notice, once: Once) -> None:
        """Write to one user alone, by the chat's own id. Raises ConnectorError."""

    def publish_home(self, user_id: str, home: Home) -> None:
        """Show a user their page, in place of what it showed. Raises ConnectorError."""

    def unfurl(self, place: Mapping[str, str], cards: Mapping[str, Card]) -> None:
        """Show under a message what each of its links, by address, leads to. Raises ConnectorError.

        `place` is as `SharedLinks` told it.
        """

    def link_to(self, card: CardRef) -> str:
        """Return the address of a post, for those who may see it. Raises ConnectorError."""
        ...

    def keep_group(self, group: str, people: Sequence[Person]) -> bool:
        """See to it that a user group holds these people and nobody else; return whether it had to be changed.

        A person whom the chat does not know is left out. Raises Rejected where it knows none of them, ConnectorError.
        """
        ...


class HttpReply(Protocol):
    """What to answer a vendor's call."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Receiver(Protocol):
    """Takes what a chat sends us. It calls no vendor, so the answer goes out within the vendor's time."""

    def handle(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HttpReply:
        """Verify, keep what matters, return the answer. Raises NotFromVendor."""
        ...

    def take(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """As `handle`, for what a `Link` brought, which is verified by that. None for an answer without a word."""
        ...


class Link(Protocol):
    """A link of our own to a chat that cannot call us: it brings what would have come over HTTP."""

    def start(self) -> None:
        """Begin, and go on until `stop`. Returns at once; a link that is not to be had is asked for again."""
        ...

    def stop(self) -> None:
        """Finish what was taken and hang up, within two seconds."""
        ...
