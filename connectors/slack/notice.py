"""How a notice looks: whom it tags, then its lines."""

from __future__ import annotations

from connectors.chat import Notice
from connectors.slack.blocks import MAY_REPEAT, SECTION_LIMIT, Post, context, is_web_address, section
from connectors.slack.mrkdwn import escape, group_mention, length
from connectors.slack.people import Tagged

TAGS_LIMIT = 2_000  #: characters; leaves room for the line beside the tags


def notice_post(notice: Notice, tagged: Tagged, *, may_repeat: bool) -> Post:
    """Return the post. `tagged` has at most `TAGS_LIMIT` characters of labels."""
    group = group_mention(notice.tag_group) if notice.tag_group else None
    tags = " ".join([*tagged.labels, *([group] if group else [])])
    start = f"{tags} " if tags else ""
    end = f" <{notice.link}|Open it>" if is_web_address(notice.link) else ""
    words = start + (lines_of(notice.text, SECTION_LIMIT - length(start) - length(end)) or "…") + end
    blocks = [section(words), *([context([MAY_REPEAT])] if may_repeat else [])]
    return Post(text=f"{words}\n{MAY_REPEAT}" if may_repeat else words, blocks=tuple(blocks))


def lines_of(text: str, room: int) -> str:
    """Return the text's lines, each made harmless, all within `room` characters."""
    lines = text.splitlines()
    each = (room - len(lines)) // max(1, len(lines))
    return "\n".join(escape(line, each) for line in lines)
