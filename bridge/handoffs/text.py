"""Customers' words made fit to show: cut between graphemes, on one line, without tricks of direction."""

from __future__ import annotations

from typing import Final

import regex

ELLIPSIS: Final = "…"
#: more combining marks than any living script stacks on one letter
MARKS_PER_GRAPHEME: Final = 4
#: a cut at a sentence or word keeps at least this share of the room, else the text is cut where the room ends
SENTENCE_SHARE: Final = 0.5
WORD_SHARE: Final = 0.6

_BIDI: Final = regex.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u206a-\u206f]")
_CONTROL: Final = regex.compile(r"[\p{Cc}\u200b\u2060\ufeff]")
_SURROGATE: Final = regex.compile(r"[\ud800-\udfff]")
_MARKS: Final = rf"[\p{{M}}\u200c\u200d]{{{MARKS_PER_GRAPHEME}}}"
_TOO_MANY_MARKS: Final = regex.compile(rf"({_MARKS})[\p{{M}}\u200c\u200d]+")
_GRAPHEME: Final = regex.compile(r"\X")
_SENTENCE_END: Final = regex.compile(r"[.!?…](?=\s)|[。！？।॥؟]")
_SPACE: Final = regex.compile(r"\s+")


def strip_bidi(text: str) -> str:
    """Return the text without characters that turn its direction (embeddings, overrides, isolates, marks)."""
    return _BIDI.sub("", text)


def one_line(text: str) -> str:
    """Return the text as one trimmed line: white space of any kind becomes one space, controls go.

    Half a surrogate pair, which no encoder accepts, becomes U+FFFD.
    """
    spaced = " ".join(text.split())
    return " ".join(_CONTROL.sub("", _SURROGATE.sub("\ufffd", spaced)).split())


def cap_marks(text: str) -> str:
    """Return the text with at most `MARKS_PER_GRAPHEME` combining marks in a row, which tames zalgo."""
    return _TOO_MANY_MARKS.sub(r"\1", text)


def cut(text: str, limit: int) -> str:
    """Return the text in at most `limit` code points, ending in an ellipsis when something was left out.

    Never cuts inside a grapheme (an emoji family, a Hindi syllable). Cuts after a sentence where one
    ends in the second half of the room, else between words, else between graphemes.
    Raises ValueError when `limit` leaves no room for the ellipsis.
    """
    if limit < 1:
        raise ValueError("no room to cut to")
    text = cap_marks(text)
    if len(text) <= limit:
        return text
    kept = text[: _grapheme_end(text, limit - 1)]
    return _at_sentence(text, kept, limit) or _at_word(text, kept, limit) or kept.rstrip() + ELLIPSIS


def _grapheme_end(text: str, limit: int) -> int:
    """Return the last boundary between graphemes at or before `limit`."""
    end = 0
    for grapheme in _GRAPHEME.finditer(text):
        if grapheme.end() > limit:
            break
        end = grapheme.end()
    return end


def _at_sentence(text: str, kept: str, limit: int) -> str | None:
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, len(kept) + 1)]
    within = [end for end in ends if limit * SENTENCE_SHARE <= end <= limit - 2 and end <= len(kept)]
    return f"{kept[: within[-1]]} {ELLIPSIS}" if within else None


def _at_word(text: str, kept: str, limit: int) -> str | None:
    if text[len(kept)].isspace():
        return kept.rstrip() + ELLIPSIS
    starts = [match.start() for match in _SPACE.finditer(kept) if match.start() >= limit * WORD_SHARE]
    return kept[: starts[-1]] + ELLIPSIS if starts else None


def storable(text: str) -> str:
    """Return the text without what no store can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
