"""The page a text is masked on: what was found is blotted out, so that no later rule reads it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from bridge.handoffs.redaction.plain import PlainText

BLOT: Final = "\0"  # a plain text never holds it
#: numbers looked at closely in one text or document; a text with more is hostile or a table
LOOKS: Final = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A part of a plain text to blot out. With an empty label it stays readable; later rules pass over it."""

    start: int
    end: int
    label: str


@dataclass(kw_only=True, slots=True)
class Care:
    """How many numbers may still be looked at closely. When none is left, rules hide without looking."""

    looks: int = LOOKS

    def look(self) -> bool:
        """Spend one look. False means there is none left."""
        self.looks -= 1
        return self.looks >= 0


Finder = Callable[[re.Match[str]], Iterable[Hidden]]


@dataclass(slots=True)
class Page:
    """A plain text on its way to being masked."""

    plain: PlainText
    care: Care
    text: str = field(init=False)
    hidden: list[Hidden] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.text = self.plain.text

    def hide(self, pattern: re.Pattern[str], finder: Finder) -> None:
        """Blot out what the finder names in each match of the pattern, in order and without overlap."""
        self.text = pattern.sub(lambda match: self._blot(match, finder), self.text)

    def _blot(self, match: re.Match[str], finder: Finder) -> str:
        pieces, at = [], match.start()
        for part in finder(match):
            pieces += [match.string[at : part.start], BLOT * (part.end - part.start)]
            at = part.end
            if part.label:
                self.hidden.append(part)
        return "".join([*pieces, match.string[at : match.end()]])

    def masked(self, original: str) -> str:
        """Return the original with each hidden part replaced by its label."""
        pieces, at = [], 0
        for part in sorted(self.hidden, key=lambda part: part.start):
            start, end = self.plain.span(part.start, part.end)
            pieces += [original[at:start], part.label]
            at = end
        return "".join([*pieces, original[at:]])
