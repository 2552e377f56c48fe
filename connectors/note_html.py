"""A private note as HTML that shows what was said and carries out none of it.

Helpdesks fill in `{{…}}` and `{%…%}` where they find them in a note, or in a mail made from one, so a
customer's words in our note could pull data of the ticket out of it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import Final

from bridge.handoffs.model import Speaker, Turn
from connectors.base import Note

ZERO_WIDTH_SPACE: Final = "\u200b"
FILE_KIND: Final = "text/plain; charset=utf-8"  #: of the conversation, where it is too long for the note

_PLACEHOLDER: Final = re.compile(r"\{(?=[{%])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPEAKERS: Final = {
    Speaker.CUSTOMER: "Customer",
    Speaker.BOT: "Bot",
    Speaker.PERSON: "Person",
    Speaker.SYSTEM: "System",
}


def printable(text: str) -> str:
    """Return the text without control characters and halves of surrogate pairs; lines stay lines."""
    return _CONTROL.sub("", text)


def harmless(text: str) -> str:
    """Return the text with every placeholder broken by a space that has no width.

    It looks the same and is none: no escape is needed that one kind of field knows and another shows.
    """
    return _PLACEHOLDER.sub("{" + ZERO_WIDTH_SPACE, printable(text))


def as_html(text: str, shown: Callable[[str], str] = harmless) -> str:
    """Return the text as `shown` leaves it, which is harmless and may be shorter, with its lines kept."""
    return html.escape(shown(text)).replace("\r\n", "\n").replace("\n", "<br>")


def facts_as_html(note: Note, shown: Callable[[str], str] = harmless) -> str:
    """Return the note's lines and facts, each text of them as `shown` leaves it."""
    lines = "<br>".join(as_html(line, shown) for line in note.lines)
    facts = "".join(
        f"<li><b>{as_html(name, shown)}:</b> {as_html(value, shown)}</li>" for name, value in note.facts
    )
    return (f"<p>{lines}</p>" if lines else "") + (f"<ul>{facts}</ul>" if facts else "")


def conversation_as_html(turns: Iterable[Turn]) -> str:
    """Return the whole conversation under its heading; nothing where there is none."""
    said = "".join(f"<p><b>{_who(turn)}</b><br>{as_html(turn.text)}</p>" for turn in turns)
    return f"<p><b>Conversation</b></p>{said}" if said else ""


def pointer_to_file(note: Note) -> str:
    """Return what stands in the note for a conversation that went into a file."""
    return f"<p>The conversation has {len(note.transcript)} messages; the attached file holds it.</p>"


def note_as_file(note: Note) -> bytes:
    """Return the whole note as the text of a file, in which words stay as they were said: nothing fills it in."""
    facts = (f"{name}: {value}" for name, value in note.facts)
    said = (f"{_who(turn)}\n{turn.text}\n" for turn in note.transcript)
    return printable("\n".join((*note.lines, "", *facts, "", *said))).encode()


def _who(turn: Turn) -> str:
    name = _SPEAKERS[turn.speaker]
    return f"{name}, {turn.at:%Y-%m-%d %H:%M:%S} UTC" if turn.at else name
