"""What we write on a Freshdesk ticket in HTML: a public line that says nothing private, and the private note.

Freshdesk sanitises HTML but keeps its text, so the mark by which a note is known again is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from bridge.handoffs.model import Speaker, Turn
from bridge.handoffs.text import cut, one_line
from connectors.base import Note
from connectors.freshdesk.api import File

#: Freshdesk names no limit for a note; a longer conversation is read more easily as a file
LONGEST_BODY_BYTES: Final = 60_000
LONGEST_FACT: Final = 500  #: characters of one fact, where the note is too long as a whole
LONGEST_SUBJECT: Final = 250  #: characters; Freshdesk takes 255
ZERO_WIDTH_SPACE: Final = "\u200b"
FILE_KIND: Final = "text/plain; charset=utf-8"

#: the beginning of a Liquid placeholder, which mails made from a ticket's words might fill in
PLACEHOLDER: Final = re.compile(r"\{(?=[{%])")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
SPEAKERS: Final = {
    Speaker.CUSTOMER: "Customer",
    Speaker.BOT: "Bot",
    Speaker.PERSON: "Person",
    Speaker.SYSTEM: "System",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenNote:
    """A note as it goes out. `file` is the conversation, where it is too long for the body."""

    body: str
    file: File | None = None


def written(note: Note, mark: str) -> WrittenNote:
    """Return the note in HTML with its mark, and the conversation as a file where it is long."""
    end = marked(mark)
    whole = _head(note) + _conversation(note.transcript) + end
    if len(whole.encode()) <= LONGEST_BODY_BYTES:
        return WrittenNote(body=whole)
    if not note.transcript:
        return WrittenNote(body=_head(note, LONGEST_FACT) + end)
    told = f"<p>The conversation has {len(note.transcript)} messages; the attached file holds it.</p>"
    file = File(f"conversation-{mark}.txt", _as_text(note).encode(), FILE_KIND)
    return WrittenNote(body=_head(note, LONGEST_FACT) + told + end, file=file)


def brief(note: Note, mark: str) -> str:
    """Return the least of a note that helps, for when the whole was refused."""
    told = "<p>The helpdesk did not take the rest; the bridge keeps the conversation.</p>"
    return _head(Note(lines=note.lines), LONGEST_FACT) + told + marked(mark)


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
    return f"<div>{_escaped(text)}</div>"


def subject_line(text: str) -> str:
    """Return the text in one harmless line that fits a subject."""
    return cut(one_line(harmless(text)), LONGEST_SUBJECT)


def harmless(text: str) -> str:
    """Return the text with every placeholder broken by a space that has no width."""
    return PLACEHOLDER.sub("{" + ZERO_WIDTH_SPACE, CONTROL.sub("", text))


def _head(note: Note, longest: int | None = None) -> str:
    lines = "<br>".join(_escaped(line, longest) for line in note.lines)
    facts = "".join(
        f"<li><b>{_escaped(name, longest)}:</b> {_escaped(value, longest)}</li>" for name, value in note.facts
    )
    return (f"<p>{lines}</p>" if lines else "") + (f"<ul>{facts}</ul>" if facts else "")


def _conversation(turns: Iterable[Turn]) -> str:
    said = "".join(f"<p><b>{_who(turn)}</b><br>{_escaped(turn.text)}</p>" for turn in turns)
    return f"<p><b>Conversation</b></p>{said}" if said else ""


def _as_text(note: Note) -> str:
    facts = (f"{name}: {value}" for name, value in note.facts)
    said = (f"{_who(turn)}\n{turn.text}\n" for turn in note.transcript)
    return CONTROL.sub("", "\n".join((*note.lines, "", *facts, "", *said)))


def _who(turn: Turn) -> str:
    name = SPEAKERS[turn.speaker]
    return f"{name}, {turn.at:%Y-%m-%d %H:%M:%S} UTC" if turn.at else name


def _escaped(text: str, longest: int | None = None) -> str:
    clean = harmless(text)
    shown = clean if longest is None else cut(clean, longest)
    return html.escape(shown).replace("\r\n", "\n").replace("\n", "<br>")
