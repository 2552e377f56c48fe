"""The workspace as the page shows it, with who would have been told."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from sandbox.slack.content import buttons
from sandbox.slack.installed import Installed
from sandbox.slack.views import shown_view
from sandbox.slack.workspace import BOT_USER_ID, Channel, Message, OpenView, Workspace

TROUBLES_SHOWN = 5

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]+)(?:\|[^>]*)?>")
_EVERYBODY = re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>")


def snapshot(workspace: Workspace, installed: Installed) -> dict[str, Any]:
    return {
        "app_user": BOT_USER_ID,
        "users": {user.id: user.name for user in workspace.users.values()},
        "groups": {group.id: group.name for group in workspace.groups.values()},
        "channels": [_channel(workspace, channel) for channel in workspace.channels.values()],
        "modals": {user: _modal(stack[-1]) for user, stack in workspace.modals.items() if stack},
        "homes": {user: shown_view(home) for user, home in workspace.homes.items()},
        "troubles": [asdict(one) for one in workspace.troubles[-TROUBLES_SHOWN:]],
        "commands": [asdict(one) for one in installed.commands],
        "shortcuts": [asdict(one) for one in installed.shortcuts],
    }


def told(workspace: Workspace, channel: Channel, message: Message) -> set[str]:
    """Return the ids of the members whom this message notifies; a mention of others shows a name, no more."""
    people = {user.id for user in workspace.people() if not user.deleted} & channel.members
    if channel.im_with is not None:
        return people
    # Where there are blocks they are what is read; the text is for notifications alone.
    words = json.dumps(message.blocks) if message.blocks else message.text
    if _EVERYBODY.search(words):
        return people
    named = set(_MENTION.findall(words))
    for group_id in _GROUP.findall(words):
        named |= set(workspace.groups[group_id].users if group_id in workspace.groups else ())
    return named & people


def _channel(workspace: Workspace, channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "archived": channel.archived,
        "im_with": channel.im_with,
        "members": sorted(channel.members),
        "messages": [_message(workspace, channel, message) for message in channel.top_level()],
        "whispers": list(channel.whispers),
    }


def _message(workspace: Workspace, channel: Channel, message: Message) -> dict[str, Any]:
    author = workspace.users.get(message.user)
    return {
        "ts": message.ts,
        "author": author.name if author else message.user,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited_ts is not None,
        "unfurls": message.unfurls,
        "buttons": [_button(button) for _, button in buttons(message.blocks)],
        "told": sorted(workspace.users[user].name for user in told(workspace, channel, message)),
        "replies": [_message(workspace, channel, reply) for reply in channel.replies(message.ts)],
    }


def _modal(view: OpenView) -> dict[str, Any]:
    return {"view": shown_view(view), "errors": view.errors, "trouble": view.trouble}


def _button(button: dict[str, Any]) -> dict[str, Any]:
    return {
        "action_id": button.get("action_id"),
        "label": button["text"]["text"],
        "url": button.get("url"),
        "primary": button.get("style") == "primary",
    }
