"""Which Slack user a person of the desk is, and where that user reads direct messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.roster.model import Person
from connectors.errors import ConnectorError
from connectors.slack.api import SlackApi, text_of
from connectors.slack.attention import Attentions
from connectors.slack.mrkdwn import escape, is_user_id, length, mention
from connectors.slack.refusals import VENDOR, NoSuchUser

FOUND_FOR = timedelta(hours=1)
NOT_FOUND_FOR = timedelta(minutes=5)  #: short, so that a corrected address soon works
NAME_LIMIT = 120  #: characters

Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tagged:
    """People as a post names them: mentions for those Slack knows, plain names for the others."""

    labels: tuple[str, ...] = ()
    mentions: Mapping[str, str] = field(default_factory=dict)  #: by the keys of those whom Slack knows

    @property
    def only(self) -> str | None:
        """Return the one label there can be, or None when nobody was to be named."""
        return self.labels[0] if self.labels else None

    @property
    def reached(self) -> frozenset[str]:
        """Return the keys of those who are mentioned."""
        return frozenset(self.mentions)

    def reached_by(self, text: str) -> frozenset[str]:
        """Return the keys of those whom a post of this text mentions: when it was made, Slack may have known fewer."""
        return frozenset(key for key, mention in self.mentions.items() if mention in text)


@dataclass(frozen=True, slots=True)
class _Entry:
    user_id: str | None  #: None: Slack knows no such user
    until: datetime


class Directory:
    """Finds users by the id in the desk file, else by e-mail, and remembers them. Safe for threads."""

    def __init__(self, api: SlackApi, clock: Clock, attentions: Attentions) -> None:
        self._api = api
        self._attentions = attentions
        self._clock = clock
        self._lock = threading.Lock()
        self._users: dict[str, _Entry] = {}
        self._conversations: dict[str, str] = {}

    def tag(self, people: Iterable[Person | None], room: int) -> Tagged:
        """Return labels for these people, in `room` characters at most. Who is not found is named."""
        labels: list[str] = []
        mentions: dict[str, str] = {}
        for person in people:
            if person is None:
                continue
            user_id = self._found(person)
            label = escape(person.name, NAME_LIMIT) if user_id is None else mention(user_id)
            room -= length(label) + 1
            if room < 0:
                break
            labels.append(label)
            if user_id is not None:
                mentions[person.key] = label
        return Tagged(labels=tuple(labels), mentions=mentions)

    def user_id(self, person: Person) -> str | None:
        """Return the user's id, or None when the workspace has no such user. Raises ConnectorError."""
        named = person.ids.get(VENDOR)
        if named is not None and is_user_id(named):
            return named
        return self._by_email(person.email.strip().lower()) if person.email else None

    def email(self, user_id: str) -> str | None:
        """Return the user's e-mail in lower case, or None when there is none to see. Raises ConnectorError."""
        try:
            answer = self._api.read(self._api.client.users_info, user=user_id)
        except NoSuchUser:
            return None
        user = answer.get("user")
        profile = user.get("profile") if isinstance(user, dict) and not user.get("deleted") else None
        email = profile.get("email") if isinstance(profile, dict) else None
        return email.strip().lower() if isinstance(email, str) else None

    def conversation(self, user_id: str) -> str:
        """Return the id of the direct conversation with a user. Raises NoSuchUser, ConnectorError."""
        with self._lock:
            known = self._conversations.get(user_id)
        if known is not None:
            return known
        # Opening twice gives the same conversation, so a lost answer needs no care.
        answer = self._api.read(self._api.client.conversations_open, users=user_id)
        channel = answer.get("channel")
        opened = text_of(channel if isinstance(channel, dict) else {}, "id", writes=False)
        with self._lock:
            self._conversations[user_id] = opened
        return opened

    def _found(self, person: Person) -> str | None:
        try:
            user_id = self.user_id(person)
        except ConnectorError:
            return None  # a post without a mention is better than no post; Reach tells the ledger
        try:
            return user_id if user_id is None or self._attentions.is_member(user_id) else None
        except ConnectorError:
            return user_id  # nobody knows, and most are

    def _by_email(self, email: str) -> str | None:
        now = self._clock()
        with self._lock:
            entry = self._users.get(email)
        if entry is None or entry.until <= now:
            entry = self._ask(email, now)
            with self._lock:
                self._users[email] = entry
        return entry.user_id

    def _ask(self, email: str, now: datetime) -> _Entry:
        try:
            answer = self._api.read(self._api.client.users_lookupByEmail, email=email)
        except NoSuchUser:
            return _Entry(None, now + NOT_FOUND_FOR)
        user = answer.get("user")
        user_id = user.get("id") if isinstance(user, dict) and not user.get("deleted") else None
        if not isinstance(user_id, str) or not is_user_id(user_id):
            return _Entry(None, now + NOT_FOUND_FOR)
        return _Entry(user_id, now + FOUND_FOR)
