"""What the app says in answer: at once to a command, or later by response_url.

Source: Slack, "Handling user interaction".
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.outbox import Answer
from sandbox.slack.content import checked_blocks, checked_text
from sandbox.slack.posting import whisper
from sandbox.slack.triggers import use_response_url
from sandbox.slack.workspace import BOT_USER_ID, Channel, Message, ResponseUrl, SlackError, Workspace


def answer_by_url(workspace: Workspace, path: str, body: bytes) -> None:
    """Do what a POST to a response_url says. Raises SlackError."""
    place = use_response_url(workspace, path)
    try:
        told = json.loads(body)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(told, dict):
        raise SlackError("invalid_payload")
    say(workspace, place, told)


def answer_command(
    workspace: Workspace, channel: Channel, user_id: str, command: str, answer: Answer
) -> None:
    """Show the user what came back at once for a command, or that nothing did."""
    if not answer.accepted:
        code = "operation_timeout" if answer.error == "timeout" else "dispatch_failed"
        whisper(workspace, channel, user_id, f'{command} failed with the error "{code}"', [])
        return
    text = answer.body.decode("utf-8", "replace").strip()
    if not text:
        return
    place = ResponseUrl(user_id=user_id, channel_id=channel.id, message_ts=None, until=0.0, uses_left=0)
    try:
        say(workspace, place, _told(text))
    except SlackError as error:
        whisper(workspace, channel, user_id, f'{command} failed with the error "{error.code}"', [])


def say(workspace: Workspace, place: ResponseUrl, told: dict[str, Any]) -> None:
    """Write, replace or delete, as an answer says. Raises SlackError."""
    channel = workspace.channels[place.channel_id]
    if told.get("delete_original"):
        channel.messages = [one for one in channel.messages if one.ts != place.message_ts]
        channel.whispers = [one for one in channel.whispers if one["ts"] != place.message_ts]
        return
    blocks = checked_blocks(told.get("blocks"))
    text = checked_text(str(told.get("text") or ""), blocks)
    if told.get("replace_original") and place.message_ts is not None:
        _replace(workspace, channel, place.message_ts, text, blocks)
    elif told.get("response_type") == "in_channel":
        ts = workspace.next_ts()
        message = Message(ts=ts, user=BOT_USER_ID, text=text, blocks=blocks, thread_ts=told.get("thread_ts"))
        channel.messages.append(message)
    else:
        whisper(workspace, channel, place.user_id, text, blocks, told.get("thread_ts"))


def _replace(
    workspace: Workspace, channel: Channel, ts: str, text: str, blocks: list[dict[str, Any]]
) -> None:
    message, private = channel.message(ts), channel.whisper(ts)
    if message is not None:
        message.text, message.blocks, message.edited_ts = text, blocks, workspace.next_ts()
    elif private is not None:
        private |= {"text": text, "blocks": blocks}


def _told(text: str) -> dict[str, Any]:
    """Return an immediate answer, which may be plain text."""
    try:
        told = json.loads(text)
    except ValueError:
        return {"text": text}
    return told if isinstance(told, dict) else {"text": text}
