"""What is wrong with a desk file, said so that its writer can mend it: where, what, and what would do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

#: The keys and list positions that lead to a value, from the top of the file.
Place = tuple[str | int, ...]

MOST_NAMED = 12  #: names that a remedy lists in full


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One thing to mend. `line` counts from 1; `key` is the path of keys, "" for the file as a whole."""

    file: str
    line: int
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.key}: " if self.key else f"{self.file}:{self.line}: "
        return f"{where}{self.problem}; {self.remedy}"


class DeskRefused(Exception):
    """A desk file has mistakes, and nothing of it counts until all are mended. They stand in file order."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class Complaints:
    """Gathers the mistakes of one file. `lines` tells the line of each place that the file has."""

    def __init__(self, file: str, lines: Mapping[Place, int]) -> None:
        self._file = file
        self._lines = lines
        self._mistakes: list[Mistake] = []

    def add(self, place: Place, problem: str, remedy: str, *, line: int | None = None) -> None:
        """Note a mistake, at the line of its place or of the nearest place around it, unless `line` is given."""
        at, key = self._line(place) if line is None else line, path_of(place)
        self._mistakes.append(Mistake(file=self._file, line=at, key=key, problem=problem, remedy=remedy))

    def add_error(self, place: Place, error: PydanticCustomError) -> None:
        """Note what a reader of short forms raised."""
        context = error.context or {}
        self.add(place, str(context["problem"]), str(context["remedy"]))

    def unknown(self, place: Place, what: str, name: str, known: Collection[str]) -> None:
        """Note a name that refers to nothing."""
        self.add(place, f"unknown {what} {name!r}", did_you_mean(name, known))

    def raise_if_any(self) -> None:
        if self._mistakes:
            raise DeskRefused(tuple(sorted(self._mistakes, key=lambda mistake: mistake.line)))

    def _line(self, place: Place) -> int:
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)


def path_of(place: Place) -> str:
    """Return a place as people write it: shifts[0].hours."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return path.removeprefix(".")


def did_you_mean(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name.casefold(), list(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not known:
        return "the file names none yet"
    listed = ", ".join(sorted(known)[:MOST_NAMED])
    return f"known are: {listed}{', …' if len(known) > MOST_NAMED else ''}"
