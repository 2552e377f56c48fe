"""A text as a reader sees it, one plain character for each sign, with the way back to where it stood."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

_LINE_ENDS: Final = "\n\r\x0b\x0c\x85\u2028\u2029"
#: signs that show nothing but count as letters
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNSEEN: Final = frozenset({"Cf", "Mn", "Me", "Cc", "Cs"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainText:
    """`text` holds no invisible signs; digits of every script are 0-9, dashes are -, spaces are spaces."""

    text: str
    places: tuple[int, ...] | None  #: where each character stood in the original; None when they are the same

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` stood in the original; the span must not be empty."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def plain(text: str) -> PlainText:
    """Return the text as a reader sees it. Takes time in proportion to its length."""
    if text.isascii() and text.isprintable():
        return PlainText(text=text, places=None)
    seen = _Seen()
    shown = text.translate(seen)
    if len(shown) == len(text):
        return PlainText(text=shown, places=None)
    places = tuple(place for place, original in enumerate(text) if seen[ord(original)])
    return PlainText(text=shown, places=places)


class _Seen(dict[int, str]):
    """What one character looks like: one plain character, or nothing. Filled as characters turn up."""

    def __missing__(self, character: int) -> str:
        sign = self[character] = _as_seen(chr(character))
        return sign


def _as_seen(character: str) -> str:
    if character in _LINE_ENDS:
        return "\n"
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in _UNSEEN or character in _BLANKS:
        return ""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if category == "Pd" or character == "\u2212":
        return "-"
    return _narrow(character)


def _narrow(character: str) -> str:
    """Return the usual form of a full-width or styled letter; a sign that becomes several stays as it is."""
    usual = unicodedata.normalize("NFKC", character)
    return usual if len(usual) == 1 else character
