"""The stand-in as others use it: an app to serve, a snapshot, and what people can do.

What one person does (`sandbox.slack.acts`), each act told to the app as Slack tells it:

- `press(channel, ts, action_id, user_id, value=None)`, `choose(channel, ts, action_id, user_id, value)`: a button, or
  any menu (overflow, select, date, time, radio buttons, checkboxes), under a message or a private one;
- `press_in_view(user_id, action_id, value=None, home=False)`, `choose_in_view(...)`: the same in a modal or at home;
- `view_of(user_id)`: the open modal, with `state.values`; `home_of(user_id)`: the home tab;
- `submit(user_id, {block_id: value}, wait=True)`: what the user then sees (`Shown`: `closed`, `view`, `errors` by
  block id, `trouble`); `fill(user_id, {block_id: value})` without sending; `close_view(user_id)`;
- `open_home(user_id, tab="home")`;
- `slash(user_id, channel, command, text="", wait=True)`: what the user then sees, newest last;
- `message_shortcut(user_id, channel, ts, callback_id)`, `shortcut(user_id, callback_id)`;
- `write(user_id, channel, text, thread_ts=None)`, `type_in(...)` for text as typed, `share_link(user_id, channel,
  url)`, each returning the ts; `say(channel, user_id, text)` writes without any event;
- `unfurls(channel, ts)`, `whispers_to(user_id, channel)`, `troubles_of(user_id)`: what is to be seen.

What the workspace does: `add_channel`, `archive`, `remove`, `rename`, `make_private`, `add_user`, `deactivate`,
`make_guest`, `leave`, `snooze`, `delete`, `grant`, `revoke`, `install`, `send_event`, `use_sockets`,
`disconnect_sockets`.

Events are sent as far as the manifest asks for them and the scopes allow; `install(...)` asks for others.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from connectors.slack.scopes import SCOPES as MANIFEST_SCOPES
from sandbox.clock import Clock, system_clock
from sandbox.outbox import Outbox
from sandbox.slack import events
from sandbox.slack.acts import Acts
from sandbox.slack.app import Access, slack_app
from sandbox.slack.installed import Installed, from_manifest
from sandbox.slack.outgoing import Outgoing
from sandbox.slack.seed import shop
from sandbox.slack.sending import PATIENCE_SECONDS
from sandbox.slack.sockets import Sockets
from sandbox.slack.view import snapshot
from sandbox.slack.workspace import BOT_USER_ID, Channel, User

TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"
BRIDGE_URL = "http://127.0.0.1:8000"
HOOKS_URL = "https://hooks.slack.example"
SCOPES = frozenset(scope.name for scope in MANIFEST_SCOPES)  #: as installed from the manifest


class SlackStandIn(Acts):
    """One workspace, `T0SHOP`, whose tokens and signing secret are published and worthless.

    `posts_per_second` (in a channel) and `history_per_minute` (of each reading method) set limits as
    Slack's; None leaves them out. `patience_seconds` is how long the app may take to answer. Safe for threads.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        outbox: Outbox,
        token: str = TOKEN,
        app_token: str = APP_TOKEN,
        signing_secret: str = SIGNING_SECRET,
        bridge_url: str = BRIDGE_URL,
        scopes: Collection[str] = SCOPES,
        installed: Installed | None = None,
        posts_per_second: int | None = None,
        history_per_minute: int | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.sockets = Sockets()
        super().__init__(
            workspace=shop(clock),
            lock=threading.RLock(),
            access=Access(
                token=token,
                app_token=app_token,
                scopes=frozenset(scopes),
                posts_per_second=posts_per_second,
                history_per_minute=history_per_minute,
            ),
            outgoing=Outgoing(
                outbox=outbox,
                clock=clock,
                secret=signing_secret,
                sockets=self.sockets,
                patience_seconds=patience_seconds,
            ),
            installed=installed or from_manifest(),
            hooks_url=HOOKS_URL,
        )
        self._clock = clock
        self.connect(bridge_url)
        self.app = slack_app(self.workspace, self._access, self._lock, self.sockets)

    def connect(self, bridge_url: str) -> None:
        """Tell where the bridge is; what people do and events go to its /slack/events."""
        self._outgoing.connect(bridge_url)

    def served_at(self, url: str) -> None:
        """Tell where this stand-in is served, so that its response_urls lead here."""
        self._hooks_url = url.rstrip("/")

    def use_sockets(self, *, on: bool = True) -> None:
        """Send everything through Socket Mode, as an app set so is sent nothing over HTTP; or over HTTP again."""
        self._outgoing.socket_mode = on

    def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Tell every link why it ends: "refresh_requested", "link_disabled", or "warning", which only announces it."""
        self.sockets.disconnect(reason)

    def install(
        self, *, events: Collection[str] | None = None, domains: Collection[str] | None = None
    ) -> None:
        """Let the app ask for these events (such as "message.im"), or for links of these domains."""
        with self._lock:
            asked = self.installed
            self.installed = replace(
                asked,
                events=asked.events if events is None else frozenset(events),
                domains=asked.domains if domains is None else frozenset(domains),
            )

    def snapshot(self) -> dict[str, Any]:
        """Return the workspace for the page (see `sandbox.snapshots.ChatSnapshot`)."""
        with self._lock:
            return snapshot(self.workspace, self.installed)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a message, its thread with it. Raises LookupError."""
        with self._lock:
            place = self._channel(channel)
            if place.message(ts) is None:
                raise LookupError(f"channel {channel} has no message {ts}")
            place.messages = [one for one in place.messages if ts not in (one.ts, one.thread_ts)]

    def add_channel(
        self, channel_id: str, name: str, *, private: bool = False, with_bot: bool = True
    ) -> None:
        with self._lock:
            members = {user.id for user in self.workspace.people()} | ({BOT_USER_ID} if with_bot else set())
            self.workspace.channels[channel_id] = Channel(
                id=channel_id, name=name, members=members, private=private
            )

    def archive(self, channel: str, by: str = "U07MEERA") -> None:
        """Archive a channel. Raises LookupError."""
        with self._lock:
            place = self._channel(channel)
            place.archived = True
            event = events.channel_archived(self.workspace, place, by)
        self._tell("channel_archive", event)

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
            user = self._user(user_id)
            user.deleted = True
            event = events.user_changed(self.workspace, user)
        self._tell("user_change", event)

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
            place = self._channel(channel)
            place.name = name
            event = events.channel_renamed(self.workspace, place)
        self._tell("channel_rename", event)

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
