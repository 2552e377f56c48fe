"""What an app shows below a link that somebody shared. Source: Slack, chat.unfurl and "Unfurling links"."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from sandbox.slack.call import Call
from sandbox.slack.content import checked_blocks
from sandbox.slack.workspace import Channel, Message, SlackError

_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")
_UNFURL_ID = re.compile(r"([A-Z0-9]+)\.(\d+)\.(\d+)\.sandbox")


def unfurl(call: Call) -> dict[str, Any]:
    message = _message(call)
    given = call.value("unfurls")
    if not isinstance(given, dict) or not given:
        raise SlackError("missing_unfurls")
    shared = set(links_in(message.text))
    for address, shown in given.items():
        if address not in shared:
            raise SlackError("cannot_unfurl_url")
        if not isinstance(shown, dict):
            raise SlackError("cannot_parse_attachment")
        checked_blocks(shown.get("blocks"))
    message.unfurls.update(given)
    return {}


def links_in(text: str) -> list[str]:
    """Return the addresses in a message as Slack keeps it."""
    return [address.replace("&amp;", "&") for address in _LINK.findall(text)]


def links_of(text: str, domains: Collection[str]) -> list[dict[str, str]]:
    """Return the links whose domain, or one above it, is registered, as `link_shared` tells them."""
    found = []
    for address in dict.fromkeys(links_in(text)):
        host = urlsplit(address).hostname or ""
        registered = next((one for one in domains if host == one or host.endswith(f".{one}")), None)
        if registered is not None:
            found.append({"domain": registered, "url": address})
    return found


def unfurl_id(channel: Channel, message: Message) -> str:
    return f"{channel.id}.{message.ts}.sandbox"


def _message(call: Call) -> Message:
    channel_id, ts = call.text("channel"), call.text("ts")
    marked = _UNFURL_ID.fullmatch(call.text("unfurl_id"))
    if marked is not None:
        channel_id, ts = marked[1], f"{marked[2]}.{marked[3]}"
    channel = call.workspace.channels.get(channel_id)
    if channel is None:
        raise SlackError("cannot_find_channel")
    message = channel.message(ts)
    if message is None:
        raise SlackError("cannot_find_message")
    return message
