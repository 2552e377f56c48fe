"""The private note on a ticket: HTML that shows what was said and executes none of it.

Zendesk expands `{{…}}` and `{%…%}` in what an agent writes, so a customer's words in our note could
pull data of the ticket into it; and it cuts a body after 64 kB without an error.
Source: Zendesk "Ticket Comments" (body, html_body) and "Placeholders reference".
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.handoffs.model import Speaker, Turn
from connectors.base import Note

LONGEST_BODY_BYTES = 64 * 1024  #: Zendesk cuts the rest in silence
#: what we send at most: Zendesk wraps the body in markup of its own, which may count
OUR_LONGEST_BODY_BYTES = 60_000
LONGEST_FACT_BYTES = 2_000  #: of one fact, where the note is too long as a whole
LONGEST_SUBJECT_CHARACTERS = 150
ZERO_WIDTH_SPACE = "\u200b"
FILE_TYPE = "text/plain; charset=utf-8"

PLACEHOLDER = re.compile(r"\{(?=[{%])")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
SPEAKERS = {
    Speaker.CUSTOMER: "Customer",
    Speaker.BOT: "Bot",
    Speaker.PERSON: "Person",
    Speaker.SYSTEM: "System",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenNote:
    """A note as it goes out. `file` is the conversation, where it is too long for the body."""

    body: str
    file: bytes | None = None


def written(note: Note) -> WrittenNote:
    """Return the note in HTML, with the conversation as a file where the body would be cut."""
    head = _head(note, longest_fact=None)
    whole = harmless(head + _conversation(note.transcript))
    if _size(whole) <= OUR_LONGEST_BODY_BYTES:
        return WrittenNote(body=whole)
    told = f"<p>The conversation has {len(note.transcript)} messages; the attached file holds it.</p>"
    short = harmless(_head(note, longest_fact=LONGEST_FACT_BYTES) + told)
    return WrittenNote(body=cut(short, OUR_LONGEST_BODY_BYTES), file=_as_file(note))


def harmless(text: str) -> str:
    """Return the text with every placeholder broken by a space that has no width.

    It looks the same and is none: no escape is needed that one kind of field knows and another shows.
    """
    return PLACEHOLDER.sub("{" + ZERO_WIDTH_SPACE, CONTROL.sub("", text))


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


def _head(note: Note, *, longest_fact: int | None) -> str:
    lines = "<br>".join(_escaped(line, longest_fact) for line in note.lines)
    facts = "".join(
        f"<li><b>{_escaped(name, longest_fact)}:</b> {_escaped(value, longest_fact)}</li>"
        for name, value in note.facts
    )
    return (f"<p>{lines}</p>" if lines else "") + (f"<ul>{facts}</ul>" if facts else "")


def _conversation(turns: Iterable[Turn]) -> str:
    said = "".join(f"<p><b>{_who(turn)}</b><br>{_escaped(turn.text, None)}</p>" for turn in turns)
    return f"<p><b>Conversation</b></p>{said}" if said else ""


def _as_file(note: Note) -> bytes:
    said = (f"{_who(turn)}\n{turn.text}\n" for turn in note.transcript)
    facts = (f"{name}: {value}" for name, value in note.facts)
    return CONTROL.sub("", "\n".join((*note.lines, "", *facts, "", *said))).encode()


def _who(turn: Turn) -> str:
    name = SPEAKERS[turn.speaker]
    return f"{name}, {turn.at:%Y-%m-%d %H:%M:%S} UTC" if turn.at else name


def _escaped(text: str, most_bytes: int | None) -> str:
    clean = CONTROL.sub("", text)
    shown = clean if most_bytes is None or _size(clean) <= most_bytes else cut(clean, most_bytes) + "…"
    return html.escape(shown).replace("\r\n", "\n").replace("\n", "<br>")


def _size(text: str) -> int:
    return len(text.encode())
