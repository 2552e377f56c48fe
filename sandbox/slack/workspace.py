"""What the stand-in's workspace holds: users, channels, messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock

TEAM_ID = "T0SHOP"
APP_ID = "A0BRIDGE"
BOT_ID = "B0BRIDGE"
BOT_USER_ID = "U0BRIDGE"

MICROS = 1_000_000


class SlackError(Exception):
    """A call ends with `{"ok": false, "error": code}` and these further keys."""

    def __init__(self, code: str, **further: Any) -> None:
        super().__init__(code)
        self.code = code
        self.further = further


@dataclass(kw_only=True, slots=True)
class User:
    id: str
    name: str
    email: str | None = None
    deleted: bool = False
    is_bot: bool = False
    guest: bool = False
    away: bool = False
    snoozed_until: float = 0.0  #: seconds since 1970; before that do not disturb

    @property
    def handle(self) -> str:
        return self.name.split()[0].lower()


@dataclass(kw_only=True, slots=True)
class Message:
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None  #: the parent's ts, for a reply
    metadata: dict[str, Any] | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    unfurls: dict[str, dict[str, Any]] = field(default_factory=dict)  #: by address

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None


@dataclass(kw_only=True, slots=True)
class Channel:
    id: str
    name: str
    members: set[str]
    private: bool = False
    archived: bool = False
    im_with: str | None = None  #: the person of a direct conversation
    messages: list[Message] = field(default_factory=list)  #: oldest first, replies too
    whispers: list[dict[str, Any]] = field(default_factory=list)  #: ephemeral posts

    def message(self, ts: str) -> Message | None:
        return next((message for message in self.messages if message.ts == ts), None)

    def whisper(self, ts: str) -> dict[str, Any] | None:
        return next((whisper for whisper in self.whispers if whisper["ts"] == ts), None)

    def replies(self, ts: str) -> list[Message]:
        return [message for message in self.messages if message.thread_ts == ts]

    def top_level(self) -> list[Message]:
        return [message for message in self.messages if not message.is_reply]


@dataclass(kw_only=True, slots=True)
class Group:
    id: str
    name: str
    users: list[str]


@dataclass(kw_only=True, slots=True)
class Trigger:
    """What an interaction allows the app once: to show the user a view."""

    user_id: str
    until: float  #: seconds since 1970
    root_view_id: str | None  #: of the modal it came from; None for one from elsewhere
    used: bool = False


@dataclass(kw_only=True, slots=True)
class OpenView:
    """A modal as one user has it open, or the home tab as one user sees it."""

    id: str
    user_id: str
    given: dict[str, Any]  #: as the app gave it, each block with an id
    hash: str
    root_id: str
    previous_id: str | None = None
    values: dict[str, dict[str, Any]] = field(default_factory=dict)  #: by block, then action: Slack's state
    errors: dict[str, str] = field(default_factory=dict)  #: by block, shown at the field
    trouble: str | None = None  #: what Slack says over the whole modal

    @property
    def external_id(self) -> str:
        return str(self.given.get("external_id") or "")


@dataclass(kw_only=True, slots=True)
class ResponseUrl:
    """Where an app may answer an interaction for a while."""

    user_id: str
    channel_id: str
    message_ts: str | None  #: of the message acted on; None for a command
    until: float  #: seconds since 1970
    uses_left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What Slack shows one user when the app did not do its part."""

    at: float  #: seconds since 1970
    user_id: str
    text: str


class Workspace:
    """The state. Whoever calls holds the stand-in's lock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, Group] = {}
        self.views: list[dict[str, Any]] = []  #: every view as it was given, oldest first
        self.modals: dict[str, list[OpenView]] = {}  #: by user; the last one is on top
        self.homes: dict[str, OpenView] = {}  #: by user
        self.at_home: set[str] = set()  #: users who look at the home tab
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}  #: by the path
        self.troubles: list[Trouble] = []  #: oldest first
        self._last_micros = 0
        self._count = 0

    def next_ts(self) -> str:
        """Return the time now as Slack's message id, never the same twice."""
        micros = max(int(self.clock().timestamp() * MICROS), self._last_micros + 1)
        self._last_micros = micros
        return f"{micros // MICROS}.{micros % MICROS:06d}"

    def next_number(self) -> int:
        self._count += 1
        return self._count

    def user_by_email(self, email: str) -> User | None:
        wanted = email.strip().lower()
        return next((user for user in self.users.values() if user.email == wanted), None)

    def conversation_with(self, user_id: str) -> tuple[Channel, bool]:
        """Return the bot's direct conversation with a user, and whether it was open already."""
        for channel in self.channels.values():
            if channel.im_with == user_id:
                return channel, True
        channel = Channel(
            id=f"D0{user_id[1:]}",
            name=self.users[user_id].name,
            members={user_id, BOT_USER_ID},
            private=True,
            im_with=user_id,
        )
        self.channels[channel.id] = channel
        return channel, False

    def view(self, view_id: str) -> OpenView | None:
        """Return an open modal or a home tab by its id."""
        open_views = [*self.homes.values(), *(view for stack in self.modals.values() for view in stack)]
        return next((view for view in open_views if view.id == view_id), None)

    def trouble(self, user_id: str, text: str) -> None:
        """Tell a user that the app did not do its part."""
        self.troubles.append(Trouble(at=self.clock().timestamp(), user_id=user_id, text=text))

    def people(self) -> Iterator[User]:
        return (user for user in self.users.values() if not user.is_bot)


def micros_of(ts: str) -> int:
    """Return a ts, or a time in seconds as `oldest` may be, as microseconds. Raises SlackError."""
    whole, _, part = ts.partition(".")
    if not whole.isdecimal() or (part and not part.isdecimal()):
        raise SlackError("invalid_ts")
    return int(whole) * MICROS + int(part[:6].ljust(6, "0") or "0")
