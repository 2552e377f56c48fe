"""The methods that read conversations and people."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.slack.call import Call
from sandbox.slack.posting import shown
from sandbox.slack.workspace import (
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    Message,
    SlackError,
    User,
    micros_of,
)

PAGE_LENGTH = 100
LONGEST_PAGE = 999


def auth_test(_call: Call) -> dict[str, Any]:
    return {
        "url": "https://shop.slack.example/",
        "team": "Shop",
        "user": "handoff_bridge",
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def history(call: Call) -> dict[str, Any]:
    channel = _readable(call)
    newest_first = sorted(channel.top_level(), key=lambda message: micros_of(message.ts), reverse=True)
    return _page(call, channel, _within(call, newest_first))


def replies(call: Call) -> dict[str, Any]:
    channel, ts = _readable(call), call.text("ts")
    parent = channel.message(ts)
    if parent is None:
        raise SlackError("thread_not_found")
    return _page(call, channel, [parent, *_within(call, channel.replies(ts))])


def open_conversation(call: Call) -> dict[str, Any]:
    user = call.workspace.users.get(call.text("users"))
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    channel, was_open = call.workspace.conversation_with(user.id)
    already = {"no_op": True, "already_open": True} if was_open else {}
    return {"channel": {"id": channel.id}} | already


def conversation_info(call: Call) -> dict[str, Any]:
    channel = call.channel()
    call.needs("groups:read" if channel.private else "channels:read")
    return {"channel": _about(channel)}


def list_conversations(call: Call) -> dict[str, Any]:
    kinds = (call.text("types") or "public_channel").split(",")
    wanted = {"public_channel": False, "private_channel": True}
    private = {wanted[kind.strip()] for kind in kinds if kind.strip() in wanted}
    seen = [
        channel
        for channel in call.workspace.channels.values()
        if channel.im_with is None
        and channel.private in private
        and not (channel.private and BOT_USER_ID not in channel.members)
        and not (call.flag("exclude_archived") and channel.archived)
    ]
    return {"channels": [_about(channel) for channel in seen], "response_metadata": {"next_cursor": ""}}


def list_members(call: Call) -> dict[str, Any]:
    return {"members": sorted(call.channel().members), "response_metadata": {"next_cursor": ""}}


def user_info(call: Call) -> dict[str, Any]:
    return {"user": about_user(_known_user(call))}


def user_presence(call: Call) -> dict[str, Any]:
    return {"presence": "away" if _known_user(call).away else "active"}


def user_quiet(call: Call) -> dict[str, Any]:
    """Tell whether a user asked not to be disturbed; a schedule of nights is none of the stand-in's."""
    until = _known_user(call).snoozed_until
    snoozes = until > call.workspace.clock().timestamp()
    snooze = {"snooze_endtime": int(until), "snooze_remaining": 60} if snoozes else {}
    return {
        "dnd_enabled": snoozes,
        "next_dnd_start_ts": 1,
        "next_dnd_end_ts": 1,
        "snooze_enabled": snoozes,
        **snooze,
    }


def user_by_email(call: Call) -> dict[str, Any]:
    user = call.workspace.user_by_email(call.text("email"))
    if user is None or user.deleted:
        raise SlackError("users_not_found")
    return {"user": about_user(user)}


def list_users(call: Call) -> dict[str, Any]:
    members = [about_user(user) for user in call.workspace.users.values()]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    kind = "channels" if not channel.private else "groups" if channel.im_with is None else "im"
    call.needs(f"{kind}:history")
    if BOT_USER_ID not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _within(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest"), call.text("latest")
    after = micros_of(oldest) if oldest else 0
    before = micros_of(latest) if latest else None
    return [
        message
        for message in messages
        if micros_of(message.ts) > after and (before is None or micros_of(message.ts) < before)
    ]


def _page(call: Call, channel: Channel, messages: list[Message]) -> dict[str, Any]:
    start = _offset(call.text("cursor"))
    end = start + min(call.number("limit", PAGE_LENGTH), LONGEST_PAGE)
    with_metadata = call.flag("include_all_metadata")
    answer: dict[str, Any] = {
        "messages": [shown(message, channel, with_metadata=with_metadata) for message in messages[start:end]],
        "has_more": end < len(messages),
    }
    if answer["has_more"]:
        answer["response_metadata"] = {"next_cursor": base64.b64encode(f"next:{end}".encode()).decode()}
    return answer


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise SlackError("invalid_cursor") from None


def _about(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.private,
        "is_group": channel.private and channel.im_with is None,
        "is_im": channel.im_with is not None,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_member": BOT_USER_ID in channel.members,
        "num_members": len(channel.members),
    }


def _known_user(call: Call) -> User:
    user = call.workspace.users.get(call.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return user


def about_user(user: User) -> dict[str, Any]:
    """Return a user as answers and events hold them."""
    profile = {"real_name": user.name, "display_name": user.handle}
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.handle,
        "real_name": user.name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_restricted": user.guest,
        "is_ultra_restricted": False,
        "profile": profile | ({"email": user.email} if user.email else {}),
    }
