"""The private note on a Zendesk ticket, within what Zendesk keeps of it.

Zendesk expands placeholders in what an agent writes, and cuts a body after 64 kB without an error.
Source: Zendesk "Ticket Comments" (body, html_body) and "Placeholders reference".
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.base import Note
from connectors.note_html import (
    conversation_as_html,
    facts_as_html,
    harmless,
    note_as_file,
    pointer_to_file,
    printable,
)

#: what we send at most: Zendesk wraps the body in markup of its own, which may count
OUR_LONGEST_BODY_BYTES = 60_000
LONGEST_FACT_BYTES = 2_000  #: of one fact, where the note is too long as a whole
LONGEST_SUBJECT_CHARACTERS = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenNote:
    """A note as it goes out. `file` is the conversation, where it is too long for the body."""

    body: str
    file: bytes | None = None


def written(note: Note) -> WrittenNote:
    """Return the note in HTML, with the conversation as a file where the body would be cut."""
    whole = facts_as_html(note) + conversation_as_html(note.transcript)
    if _size(whole) <= OUR_LONGEST_BODY_BYTES:
        return WrittenNote(body=whole)
    short = facts_as_html(note, _short) + pointer_to_file(note)
    return WrittenNote(body=cut(short, OUR_LONGEST_BODY_BYTES), file=note_as_file(note))


def subject_line(text: str) -> str:
    """Return the text in one harmless line that fits a subject."""
    line = " ".join(harmless(text).split())
    if len(line) <= LONGEST_SUBJECT_CHARACTERS:
        return line
    return line[: LONGEST_SUBJECT_CHARACTERS - 1].rstrip() + "…"


def cut(text: str, most_bytes: int) -> str:
    """Return the text's beginning that fits, without half a character."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def without_file(body: str) -> str:
    """Return the note's body for when its file could not be uploaded."""
    return f"{body}<p>The file could not be attached; the bridge keeps the conversation.</p>"


def _short(text: str) -> str:
    clean = printable(text)
    return harmless(clean if _size(clean) <= LONGEST_FACT_BYTES else cut(clean, LONGEST_FACT_BYTES) + "…")


def _size(text: str) -> int:
    return len(text.encode())
