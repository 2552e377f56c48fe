"""The events Slack tells the app of, and which of them an app has asked for. Source: Slack, "Events API"."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from sandbox.slack.reading import about_user
from sandbox.slack.unfurling import links_of, unfurl_id
from sandbox.slack.views import shown_view
from sandbox.slack.workspace import BOT_USER_ID, TEAM_ID, Channel, Message, User, Workspace

#: what an app may ask for, each with the scope it needs; None needs none
SCOPE_OF: Mapping[str, str | None] = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "app_mention": "app_mentions:read",
    "app_home_opened": None,
    "link_shared": "links:read",
    "channel_archive": "channels:read",
    "channel_rename": "channels:read",
    "user_change": "users:read",
}

_BARE_ADDRESS = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")


def is_told(name: str, asked_for: Collection[str], scopes: Collection[str]) -> bool:
    """Tell whether the app hears of an event of this name, such as "message.im"."""
    scope = SCOPE_OF[name]
    return name in asked_for and (scope is None or scope in scopes)


def with_links(text: str) -> str:
    """Return a message's text as Slack keeps it: each bare address in angle brackets."""
    return _BARE_ADDRESS.sub(lambda found: f"<{found[0]}>", text)


def as_typed(text: str, workspace: Workspace) -> str:
    """Return what a person typed as Slack keeps it: signs escaped, @names made mentions, addresses links."""
    kept = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for user in workspace.users.values():
        kept = kept.replace(f"@{user.name}", f"<@{user.id}>")
    return with_links(kept)


def message_events(
    channel: Channel, message: Message, domains: Collection[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the events that a person's message causes, by name.

    Where the bot is not a member only a link is told of, and only in public channels.
    """
    is_member = BOT_USER_ID in channel.members
    events = _told_to_members(channel, message) if is_member else []
    links = links_of(message.text, domains)
    if links and (is_member or not channel.private):
        events.append(("link_shared", _link_shared(channel, message, links)))
    return events


def _told_to_members(channel: Channel, message: Message) -> list[tuple[str, dict[str, Any]]]:
    if channel.im_with:
        return [("message.im", _message(channel, message, "im"))]
    kind = "group" if channel.private else "channel"
    about = _message(channel, message, kind)
    events = [(f"message.{kind}s", about)]
    if f"<@{BOT_USER_ID}>" in message.text:
        mention = {name: value for name, value in about.items() if name != "channel_type"}
        events.append(("app_mention", mention | {"type": "app_mention"}))
    return events


def home_opened(workspace: Workspace, channel: Channel, user: User, tab: str) -> dict[str, Any]:
    home = workspace.homes.get(user.id)
    return {
        "type": "app_home_opened",
        "user": user.id,
        "channel": channel.id,
        "tab": tab,
        "event_ts": workspace.next_ts(),
        **({"view": shown_view(home)} if home is not None and tab == "home" else {}),
    }


def channel_archived(workspace: Workspace, channel: Channel, user_id: str) -> dict[str, Any]:
    return {
        "type": "channel_archive",
        "channel": channel.id,
        "user": user_id,
        "is_moved": 0,
        "event_ts": workspace.next_ts(),
    }


def channel_renamed(workspace: Workspace, channel: Channel) -> dict[str, Any]:
    about = {
        "id": channel.id,
        "is_channel": not channel.private,
        "is_mpim": False,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": 0,
    }
    return {"type": "channel_rename", "channel": about, "event_ts": workspace.next_ts()}


def user_changed(workspace: Workspace, user: User) -> dict[str, Any]:
    ts = workspace.next_ts()
    return {"type": "user_change", "user": about_user(user), "cache_ts": int(float(ts)), "event_ts": ts}


def _message(channel: Channel, message: Message, kind: str) -> dict[str, Any]:
    parent = channel.message(message.thread_ts) if message.thread_ts else None
    return {
        "client_msg_id": f"sandbox-{message.ts}",
        "type": "message",
        "text": message.text,
        "user": message.user,
        "ts": message.ts,
        "team": TEAM_ID,
        **({"thread_ts": parent.ts, "parent_user_id": parent.user} if parent else {}),
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": kind,
    }


def _link_shared(channel: Channel, message: Message, links: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "type": "link_shared",
        "channel": channel.id,
        "is_bot_user_member": BOT_USER_ID in channel.members,
        "user": message.user,
        "message_ts": message.ts,
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        "unfurl_id": unfurl_id(channel, message),
        "source": "conversations_history",
        "links": links,
        "event_ts": message.ts,
    }
