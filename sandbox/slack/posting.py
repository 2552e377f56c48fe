"""The methods that write messages, and those about one message."""

from __future__ import annotations

from typing import Any

from sandbox.slack.call import Call
from sandbox.slack.content import checked_blocks, checked_metadata, checked_text
from sandbox.slack.workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    Message,
    SlackError,
    Workspace,
)


def post_message(call: Call) -> dict[str, Any]:
    channel = _place(call)
    thread_ts = call.text("thread_ts") or None
    if thread_ts is not None and channel.message(thread_ts) is None:
        raise SlackError("thread_not_found")
    blocks = checked_blocks(call.value("blocks"))
    message = Message(
        ts="",
        user=BOT_USER_ID,
        text=checked_text(call.text("text"), blocks),
        blocks=blocks,
        thread_ts=thread_ts,
        metadata=checked_metadata(call.value("metadata")),
    )
    message.ts = call.workspace.next_ts()
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": shown(message, channel, with_metadata=True)}


def update(call: Call) -> dict[str, Any]:
    channel = call.channel()
    if channel.archived:
        raise SlackError("is_inactive")
    message = channel.message(call.text("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != BOT_USER_ID:
        raise SlackError("cant_update_message")
    given = call.value("blocks")
    blocks = message.blocks if given is None else checked_blocks(given)
    message.text = checked_text(call.text("text"), blocks)
    message.blocks = blocks
    message.metadata = checked_metadata(call.value("metadata")) or message.metadata
    message.edited_ts = call.workspace.next_ts()
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": shown(message, channel, with_metadata=True),
    }


def post_ephemeral(call: Call) -> dict[str, Any]:
    channel = call.channel()
    if channel.archived:
        raise SlackError("is_archived")
    if call.text("user") not in channel.members:
        raise SlackError("user_not_in_channel")
    blocks = checked_blocks(call.value("blocks"))
    text = checked_text(call.text("text"), blocks)
    thread_ts = call.text("thread_ts") or None
    return {"message_ts": whisper(call.workspace, channel, call.text("user"), text, blocks, thread_ts)}


def whisper(
    workspace: Workspace,
    channel: Channel,
    user_id: str,
    text: str,
    blocks: list[dict[str, Any]],
    thread_ts: str | None = None,
) -> str:
    """Write what only this user sees, and return its ts."""
    ts = workspace.next_ts()
    said = {"ts": ts, "user": user_id, "text": text, "blocks": blocks, "thread_ts": thread_ts}
    channel.whispers.append(said)
    return ts


def permalink(call: Call) -> dict[str, Any]:
    channel, ts = call.channel(), call.text("message_ts")
    if channel.message(ts) is None:
        raise SlackError("message_not_found")
    address = f"https://shop.slack.example/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": address}


def add_reaction(call: Call) -> dict[str, Any]:
    message = call.channel().message(call.text("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    if not call.text("name"):
        raise SlackError("no_reaction")
    who = message.reactions.setdefault(call.text("name"), [])
    if BOT_USER_ID in who:
        raise SlackError("already_reacted")
    who.append(BOT_USER_ID)
    return {}


def shown(message: Message, channel: Channel, *, with_metadata: bool) -> dict[str, Any]:
    """Return a message as answers hold it; without `with_metadata` only the kind of it is told."""
    out: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "team": TEAM_ID,
        "ts": message.ts,
        "text": message.text,
    }
    if message.user == BOT_USER_ID:
        out |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.blocks:
        out["blocks"] = message.blocks
    if message.edited_ts is not None:
        out["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.metadata is not None:
        out["metadata"] = (
            message.metadata if with_metadata else {"event_type": message.metadata["event_type"]}
        )
    return out | _thread(message, channel) | _reactions(message)


def _place(call: Call) -> Channel:
    """Return where to post; a user's id means the direct conversation. Raises SlackError."""
    user = call.workspace.users.get(call.text("channel"))
    if user is not None:
        return call.workspace.conversation_with(user.id)[0]
    channel = call.channel()
    if channel.archived:
        raise SlackError("is_archived")
    if BOT_USER_ID not in channel.members and "chat:write.public" not in call.scopes:
        raise SlackError("not_in_channel")
    return channel


def _thread(message: Message, channel: Channel) -> dict[str, Any]:
    if message.thread_ts is not None:
        return {"thread_ts": message.thread_ts}
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    return {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}


def _reactions(message: Message) -> dict[str, Any]:
    if not message.reactions:
        return {}
    return {
        "reactions": [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    }
