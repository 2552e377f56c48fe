"""The few kinds of Block Kit this bridge posts. Source: Slack, Block Kit reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SECTION_LIMIT = 3_000  #: characters of a section's text
BLOCKS_LIMIT = 50  #: blocks of a message
CONTEXT_LIMIT = 10  #: elements of a context block
BUTTON_LIMIT = 75  #: characters of a button's or an option's label
OVERFLOW_LIMIT = 5  #: options of a menu behind "⋯"
URL_LIMIT = 3_000  #: characters of a button's address
#: characters of all blocks together; undocumented, seen near 13,200 (bolt-js issue 2509)
MESSAGE_LIMIT = 13_000

MAY_REPEAT = "May repeat: an earlier post of this may have arrived."

Block = dict[str, Any]

_WEB_ADDRESS = re.compile(r"https?://[!-;=?-~]+")  # printable ASCII without < and >


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A message's content: `text` is what phones and screen readers get."""

    text: str
    blocks: tuple[Block, ...]


def section(text: str) -> Block:
    return {"type": "section", "text": _verbatim(text)}


def context(parts: Sequence[str]) -> Block:
    return {"type": "context", "elements": [_verbatim(part) for part in parts[:CONTEXT_LIMIT]]}


def actions(buttons: Sequence[Block]) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def button(label: str, action_id: str, *, value: str | None = None, url: str | None = None) -> Block:
    made: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain(label, BUTTON_LIMIT),
    }
    if value is not None:
        made["value"] = value
    if url is not None:
        made["url"] = url
    return made


def overflow(action_id: str, options: Sequence[tuple[str, str]]) -> Block:
    """Return a menu behind "⋯"; each option is a label and a value. Slack takes five of them."""
    made = [{"text": plain(label, BUTTON_LIMIT), "value": value} for label, value in options[:OVERFLOW_LIMIT]]
    return {"type": "overflow", "action_id": action_id, "options": made}


def plain(text: str, limit: int) -> Block:
    """Return text in which nothing is formatting, cut to `limit` characters."""
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def is_web_address(url: str | None) -> bool:
    """Return whether Slack takes this as a button's address; one it refuses sinks the whole post."""
    return url is not None and len(url) <= URL_LIMIT and _WEB_ADDRESS.fullmatch(url) is not None


def _verbatim(text: str) -> Block:
    # Verbatim keeps Slack from making links and mentions out of plain words.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
