"""Slack's text format: strangers' words made harmless, cut to size, and the tokens we write ourselves.

Source: Slack, "Formatting message text". Slack counts a text's characters; how it counts those
outside the basic plane is not said, so they count double here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import regex

ELLIPSIS = "…"

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,30}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,30}")

_GRAPHEME = regex.compile(r"\X")
_GAPS = regex.compile(r"[\s\u2028\u2029]+")
#: controls, lone surrogates, byte order marks, and what turns the direction of writing round
_UNSEEN = regex.compile(r"[\p{Cc}\p{Cs}\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PILED_MARKS = regex.compile(r"(\p{M}{6})\p{M}+")  # more marks on one letter than any language has
_EDGE_UNDERSCORE = regex.compile(r"(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])")

#: Slack has no escape for these; the look-alikes format nothing. Nor does an underscore inside a word.
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_LOW_LINE = "ˍ"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escape(text: str, limit: int) -> str:
    """Return one line that shows these words and does nothing: no mention, no link text, no formatting.

    The result, escapes included, has at most `limit` characters; a longer text ends in an ellipsis,
    cut between letters as a reader sees them.
    """
    shown = _shown(text)
    whole = shown.translate(_ENTITIES)
    return whole if length(whole) <= limit else _cut(shown, limit - len(ELLIPSIS)) + ELLIPSIS


def length(text: str) -> int:
    """Return the text's size in UTF-16 units, the largest way to count it."""
    return len(text) + sum(1 for sign in text if ord(sign) > 0xFFFF)


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def mention(user_id: str) -> str:
    """Return a mention that notifies. Raises ValueError for what is no user's id."""
    if not is_user_id(user_id):
        raise ValueError("not a Slack user's id")
    return f"<@{user_id}>"


def group_mention(group_id: str) -> str | None:
    """Return a mention of a user group, or None for what is no group's id."""
    return f"<!subteam^{group_id}>" if _GROUP_ID.fullmatch(group_id) else None


def date_token(at: datetime, pattern: str, fallback: str | None = None) -> str:
    """Return a token that each reader sees in the own zone, as in "by {time}". `at` is aware.

    `pattern` and `fallback` are our own words; the fallback's default is the time in UTC.
    """
    shown = fallback if fallback is not None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{pattern}|{shown}>"


def _shown(text: str) -> str:
    line = _UNSEEN.sub("", _GAPS.sub(" ", text)).strip()
    line = _EDGE_UNDERSCORE.sub(lambda match: _LOW_LINE * len(match.group()), line)
    return _PILED_MARKS.sub(r"\1", line).translate(_LOOKALIKES)


def _cut(text: str, room: int) -> str:
    kept: list[str] = []
    for grapheme in _GRAPHEME.finditer(text):
        piece = grapheme.group().translate(_ENTITIES)
        room -= length(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip()
