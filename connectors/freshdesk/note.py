"""What we write on a Freshdesk ticket in HTML: a public line that says nothing private, and the private note.

Freshdesk sanitises HTML but keeps its text, so the mark by which a note is known again is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bridge.handoffs.text import cut, one_line
from connectors.base import Note
from connectors.freshdesk.api import File
from connectors.note_html import (
    FILE_KIND,
    as_html,
    conversation_as_html,
    facts_as_html,
    harmless,
    note_as_file,
    pointer_to_file,
)

#: Freshdesk names no limit for a note; a longer conversation is read more easily as a file
LONGEST_BODY_BYTES: Final = 60_000
LONGEST_FACT: Final = 500  #: characters of one fact, where the note is too long as a whole
LONGEST_SUBJECT: Final = 250  #: characters; Freshdesk takes 255


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenNote:
    """A note as it goes out. `file` is the conversation, where it is too long for the body."""

    body: str
    file: File | None = None


def written(note: Note, mark: str) -> WrittenNote:
    """Return the note in HTML with its mark, and the conversation as a file where it is long."""
    end = marked(mark)
    whole = facts_as_html(note) + conversation_as_html(note.transcript) + end
    if len(whole.encode()) <= LONGEST_BODY_BYTES:
        return WrittenNote(body=whole)
    if not note.transcript:
        return WrittenNote(body=facts_as_html(note, _short) + end)
    file = File(f"conversation-{mark}.txt", note_as_file(note), FILE_KIND)
    return WrittenNote(body=facts_as_html(note, _short) + pointer_to_file(note) + end, file=file)


def brief(note: Note, mark: str) -> str:
    """Return the least of a note that helps, for when the whole was refused."""
    told = "<p>The helpdesk did not take the rest; the bridge keeps the conversation.</p>"
    return facts_as_html(Note(lines=note.lines), _short) + told + marked(mark)


def marked(mark: str) -> str:
    return f"<p>Ref {html.escape(mark)}</p>"


def carries(conversations: Iterable[dict[str, Any]], mark: str, own_id: int) -> bool:
    """Return whether one of our own private notes carries this mark. Others may have quoted it."""
    sought = re.compile(rf"\bRef {re.escape(mark)}\b")
    return any(
        row.get("user_id") == own_id
        and row.get("private") is True
        and sought.search(str(row.get("body_text") or row.get("body") or ""))
        for row in conversations
    )


def public_line(text: str) -> str:
    """Return a line for the customer in HTML."""
    return f"<div>{as_html(text)}</div>"


def subject_line(text: str) -> str:
    """Return the text in one harmless line that fits a subject."""
    return cut(one_line(harmless(text)), LONGEST_SUBJECT)


def _short(text: str) -> str:
    return cut(harmless(text), LONGEST_FACT)
