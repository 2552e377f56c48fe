"""What Zendesk makes of a comment's text: placeholders filled in, markup taken out, the rest cut off."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

LONGEST_BYTES = 64 * 1024  #: the rest is cut without a word
CODE = re.compile(r"(<code\b.*?</code>)", re.IGNORECASE | re.DOTALL)
OPEN, CLOSE = r"(?:\{|&#123;|&#x7b;)", r"(?:\}|&#125;|&#x7d;)"
PLACEHOLDER = re.compile(rf"(?<!\\){OPEN}{OPEN}\s*([\w.\[\]]+)[^{{}}]*?{CLOSE}{CLOSE}", re.IGNORECASE)
LIQUID = re.compile(rf"{OPEN}%.*?%{CLOSE}", re.DOTALL)


def expanded(text: str, values: Mapping[str, Any], *, is_html: bool) -> str:
    """Return the text with its placeholders filled in, unknown ones with nothing; code is left as it is."""
    parts = CODE.split(text) if is_html else [text]
    return "".join(part if CODE.fullmatch(part) else _filled(part, values) for part in parts)


def plain(markup: str) -> str:
    """Return HTML as text, its paragraphs and breaks as new lines."""
    broken = re.sub(r"(?i)<br\s*/?>|</p>|</li>|</h\d>", "\n", markup)
    return html.unescape(re.sub(r"<[^>]+>", "", broken)).strip()


def as_html(text: str) -> str:
    paragraphs = (f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    return "".join(paragraphs).replace("\n", "<br>")


def cut(text: str) -> str:
    """Return what Zendesk keeps of a body."""
    return text.encode()[:LONGEST_BYTES].decode(errors="ignore")


def _filled(text: str, values: Mapping[str, Any]) -> str:
    shown = PLACEHOLDER.sub(lambda found: html.escape(str(values.get(found[1]) or "")), text)
    return LIQUID.sub("", shown)
