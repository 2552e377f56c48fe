"""What Slack tells of a person's act: block_actions, view_submission, view_closed, shortcuts, commands.

Source: Slack, "Reference: interaction payloads" and "Slash commands".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import inputs
from sandbox.slack.content import elements
from sandbox.slack.posting import shown
from sandbox.slack.views import shown_view
from sandbox.slack.workspace import APP_ID, TEAM_ID, Channel, Message, OpenView, User, Workspace

TOKEN = "sandbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """What an act lets the app do in turn."""

    trigger_id: str
    response_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted(Offered):
    """One element used."""

    action: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)  #: the state of what else stands there


Found = tuple[dict[str, Any], dict[str, Any]]  #: a block and the element in it


def element_of(
    blocks: list[dict[str, Any]], action_id: str, value: str | None = None, *, button: bool
) -> Found:
    """Return an element by its action id; of several buttons the one with this value. Raises LookupError."""
    for block, element in elements(blocks):
        is_wanted = element.get("action_id") == action_id and (element["type"] == "button") == button
        if is_wanted and (not button or value is None or element.get("value") == value):
            return block, element
    raise LookupError(f"there is no {'button' if button else 'menu or input'} {action_id}")


def message_action_payload(
    channel: Channel, message: Message | Mapping[str, Any], user: User, told: Acted
) -> dict[str, Any]:
    """Return what Slack tells of an element used in a message, or in one that only this user sees."""
    private = not isinstance(message, Message)
    ts = message.ts if isinstance(message, Message) else message["ts"]
    thread_ts = message.thread_ts if isinstance(message, Message) else message.get("thread_ts")
    container = {"type": "message", "message_ts": ts, "channel_id": channel.id, "is_ephemeral": private}
    payload = {
        **_who(user, "block_actions"),
        "container": container | ({"thread_ts": thread_ts} if thread_ts else {}),
        "trigger_id": told.trigger_id,
        "channel": place_of(channel),
        "state": {"values": told.values},
        "response_url": told.response_url,
        "actions": [told.action],
    }
    if isinstance(message, Message):
        payload["message"] = shown(message, channel, with_metadata=True)
    return payload


def view_action_payload(view: OpenView, user: User, told: Acted) -> dict[str, Any]:
    """Return what Slack tells of an element used in a modal or in the home tab."""
    return {
        **_who(user, "block_actions"),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": told.trigger_id,
        "view": shown_view(view),
        "actions": [told.action],
    }


def submission_payload(view: OpenView, user: User, trigger_id: str) -> dict[str, Any]:
    return {
        **_who(user, "view_submission"),
        "trigger_id": trigger_id,
        "view": shown_view(view),
        "response_urls": [],
    }


def closed_payload(view: OpenView, user: User, *, is_cleared: bool) -> dict[str, Any]:
    return {**_who(user, "view_closed"), "view": shown_view(view), "is_cleared": is_cleared}


def message_shortcut_payload(
    workspace: Workspace, channel: Channel, message: Message, user: User, callback_id: str, told: Offered
) -> dict[str, Any]:
    return {
        **_who(user, "message_action"),
        "callback_id": callback_id,
        "action_ts": workspace.next_ts(),
        "trigger_id": told.trigger_id,
        "response_url": told.response_url,
        "channel": place_of(channel),
        "message_ts": message.ts,
        "message": shown(message, channel, with_metadata=True),
    }


def shortcut_payload(workspace: Workspace, user: User, callback_id: str, trigger_id: str) -> dict[str, Any]:
    return {
        **_who(user, "shortcut"),
        "callback_id": callback_id,
        "action_ts": workspace.next_ts(),
        "trigger_id": trigger_id,
    }


def command_fields(channel: Channel, user: User, command: str, text: str, told: Offered) -> dict[str, str]:
    """Return the form fields of a slash command."""
    return {
        "token": TOKEN,
        "team_id": TEAM_ID,
        "team_domain": "shop",
        "channel_id": channel.id,
        "channel_name": place_of(channel)["name"],
        "user_id": user.id,
        "user_name": user.handle,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": told.response_url,
        "trigger_id": told.trigger_id,
    }


def action_of(
    workspace: Workspace, block: Mapping[str, Any], element: Mapping[str, Any], value: inputs.Value
) -> dict[str, Any]:
    """Return the one entry of `actions`. Raises LookupError for an option that is not there."""
    action: dict[str, Any] = {
        "action_id": element.get("action_id"),
        "block_id": block.get("block_id", "sandbox"),
        "type": element["type"],
        "action_ts": workspace.next_ts(),
    }
    if element["type"] == "button":
        kept = {name: element[name] for name in ("value", "style", "url") if name in element}
        return {**action, "text": element["text"], **kept}
    kept = {
        name: element[name] for name in ("placeholder", "initial_option", "initial_user") if name in element
    }
    return {**action, **inputs.state_of(element, value), **kept}


def place_of(channel: Channel) -> dict[str, str]:
    return {"id": channel.id, "name": "directmessage" if channel.im_with else channel.name}


def _who(user: User, kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": TOKEN,
        "team": {"id": TEAM_ID, "domain": "shop"},
        "enterprise": None,
        "is_enterprise_install": False,
    }
