"""The stand-in as others use it: an app to serve, a snapshot, and what a person at the page can do."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from connectors.slack.scopes import SCOPES as MANIFEST_SCOPES
from sandbox.clock import Clock, system_clock
from sandbox.outbox import Outbox
from sandbox.slack.app import Access, slack_app
from sandbox.slack.seed import shop
from sandbox.slack.sending import event_delivery, press_delivery, press_payload
from sandbox.slack.view import snapshot
from sandbox.slack.workspace import BOT_USER_ID, Channel, Message, User

TOKEN = "xoxb-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"
BRIDGE_URL = "http://127.0.0.1:8000"
EVENTS_PATH = "/slack/events"
SCOPES = frozenset(scope.name for scope in MANIFEST_SCOPES)  #: as installed from the manifest


class SlackStandIn:
    """One workspace, `T0SHOP`, whose token and signing secret are published and worthless.

    `posts_per_second` (in a channel) and `history_per_minute` (of each reading method) set limits as
    Slack's; None leaves them out. Safe for threads.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        outbox: Outbox,
        token: str = TOKEN,
        signing_secret: str = SIGNING_SECRET,
        bridge_url: str = BRIDGE_URL,
        scopes: Collection[str] = SCOPES,
        posts_per_second: int | None = None,
        history_per_minute: int | None = None,
    ) -> None:
        self._clock = clock
        self._outbox = outbox
        self._secret = signing_secret
        self._lock = threading.RLock()
        self.workspace = shop(clock)
        self._access = Access(
            token=token,
            scopes=frozenset(scopes),
            posts_per_second=posts_per_second,
            history_per_minute=history_per_minute,
        )
        self.connect(bridge_url)
        self.app = slack_app(self.workspace, self._access, self._lock)

    def connect(self, bridge_url: str) -> None:
        """Tell where the bridge is; presses and events go to its /slack/events."""
        self._events_url = bridge_url.rstrip("/") + EVENTS_PATH

    def snapshot(self) -> dict[str, Any]:
        """Return the workspace for the page (see `sandbox.snapshots.ChatSnapshot`)."""
        with self._lock:
            return snapshot(self.workspace)

    def press(self, channel: str, ts: str, action_id: str, user_id: str) -> None:
        """Press a button as this user. Raises LookupError where there is none."""
        with self._lock:
            place, message = self._found(channel, ts)
            user = self._user(user_id)
            payload = press_payload(self.workspace, place, message, action_id, user)
        self._outbox.send(press_delivery(self._events_url, payload, self._secret, self._clock))

    def say(self, channel: str, user_id: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message as this user and return its ts. Raises LookupError."""
        with self._lock:
            place = self._channel(channel)
            message = Message(
                ts=self.workspace.next_ts(), user=self._user(user_id).id, text=text, thread_ts=thread_ts
            )
            place.messages.append(message)
            return message.ts

    def delete(self, channel: str, ts: str) -> None:
        """Delete a message, its thread with it. Raises LookupError."""
        with self._lock:
            place, message = self._found(channel, ts)
            place.messages = [one for one in place.messages if message.ts not in (one.ts, one.thread_ts)]

    def send_event(self, event: Mapping[str, Any]) -> None:
        """Send an event, such as {"type": "app_uninstalled"}, with Slack's redeliveries."""
        with self._lock:
            number = self.workspace.next_number()
        self._outbox.send(event_delivery(self._events_url, event, number, self._secret, self._clock))

    def add_channel(
        self, channel_id: str, name: str, *, private: bool = False, with_bot: bool = True
    ) -> None:
        with self._lock:
            members = {user.id for user in self.workspace.people()} | ({BOT_USER_ID} if with_bot else set())
            self.workspace.channels[channel_id] = Channel(
                id=channel_id, name=name, members=members, private=private
            )

    def archive(self, channel: str) -> None:
        """Archive a channel. Raises LookupError."""
        with self._lock:
            self._channel(channel).archived = True

    def remove(self, channel: str, user_id: str = BOT_USER_ID) -> None:
        """Take a member, by default the bot, out of a channel. Raises LookupError."""
        with self._lock:
            self._channel(channel).members.discard(user_id)

    def add_user(self, user_id: str, name: str, email: str | None = None) -> None:
        with self._lock:
            self.workspace.users[user_id] = User(id=user_id, name=name, email=email)

    def deactivate(self, user_id: str) -> None:
        """Deactivate a user. Raises LookupError."""
        with self._lock:
            self._user(user_id).deleted = True

    def make_guest(self, user_id: str) -> None:
        """Let a user see single channels only. Raises LookupError."""
        with self._lock:
            self._user(user_id).guest = True

    def leave(self, user_id: str, *, away: bool = True) -> None:
        """Let a user leave the desk, or come back to it. Raises LookupError."""
        with self._lock:
            self._user(user_id).away = away

    def snooze(self, user_id: str, minutes: float) -> None:
        """Let a user ask not to be disturbed for so long. Raises LookupError."""
        with self._lock:
            self._user(user_id).snoozed_until = self._clock().timestamp() + minutes * 60

    def rename(self, channel: str, name: str) -> None:
        """Give a channel another name. Raises LookupError."""
        with self._lock:
            self._channel(channel).name = name

    def make_private(self, channel: str) -> None:
        """Close a channel to all but its members. Raises LookupError."""
        with self._lock:
            self._channel(channel).private = True

    def grant(self, scopes: Collection[str]) -> None:
        """Give the token these scopes and no others."""
        with self._lock:
            self._access.scopes = frozenset(scopes)

    def revoke(self, *, revoked: bool = True) -> None:
        """Revoke the token, or make it good again."""
        with self._lock:
            self._access.revoked = revoked

    def _found(self, channel: str, ts: str) -> tuple[Channel, Message]:
        place = self._channel(channel)
        message = place.message(ts)
        if message is None:
            raise LookupError(f"channel {channel} has no message {ts}")
        return place, message

    def _channel(self, channel: str) -> Channel:
        return self.workspace.channels[channel]

    def _user(self, user_id: str) -> User:
        return self.workspace.users[user_id]
