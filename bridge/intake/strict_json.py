"""JSON as it must be: no doubled names, no infinities, no bottomless nesting, no broken text.

Whatever is wrong is refused with its place. One flaw is mended: NUL characters inside texts, which no
database keeps, are taken out and the answer is flagged.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bridge.intake.pointer import pointer

MAX_DEPTH: Final = 64
#: longer integers are no ids and no amounts
MAX_DIGITS: Final = 100
NUL_REMOVED: Final = "nul_removed"

_BOM: Final = b"\xef\xbb\xbf"
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},:]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class BadJson(ValueError):
    """The body is refused. `pointer` (RFC 6901) says where; neither it nor `problem` repeats a value."""

    def __init__(self, pointer: str, problem: str) -> None:
        super().__init__(f"{pointer or 'body'}: {problem}")
        self.pointer = pointer
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in the read value where something must be refused."""

    problem: str
    name: str | None = None  #: the doubled member's name


def read_json(body: bytes, max_depth: int = MAX_DEPTH) -> tuple[Any, tuple[str, ...]]:
    """Return the value and flags: `nul_removed` where NULs were taken out of texts.

    Raises BadJson and nothing else: for invalid UTF-8, a byte order mark, bad syntax, doubled member
    names, numbers beyond a double, NaN and Infinity, integers of over a hundred digits, half surrogate
    pairs and nesting deeper than `max_depth`, which must be far below the interpreter's own limit.
    """
    text, had_nul = _without_raw_nul(_decode(body))
    if text.count("[") + text.count("{") > max_depth:
        _refuse_deep(text, max_depth)
    value = _parse(text)
    cleaner = _Cleaner()
    value = cleaner.clean(value, ())
    return value, (NUL_REMOVED,) if had_nul or cleaner.found_nul else ()


def _decode(body: bytes) -> str:
    if body.startswith(_BOM):
        raise BadJson("", "begins with a byte order mark; send plain UTF-8")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_at(body[: error.start].decode("utf-8"))
        raise BadJson(place, f"not UTF-8 at byte {error.start}") from None


def _without_raw_nul(text: str) -> tuple[str, bool]:
    """Take NULs out of texts. One between tokens stays, and is refused as bad syntax."""
    if "\0" not in text:
        return text, False
    return _TEXT.sub(lambda match: match[0].replace("\0", ""), text), True


def _parse(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_members,
            parse_constant=lambda _: _Flaw("not a number that JSON knows"),
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        problem = f"not JSON at line {error.lineno}, column {error.colno}"
        raise BadJson(_place_at(text[: error.pos]), problem) from None
    except RecursionError:
        raise BadJson("", "nested too deep") from None


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    doubled = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return _Flaw("appears twice", doubled)


def _float(digits: str) -> float | _Flaw:
    number = float(digits)
    return number if math.isfinite(number) else _Flaw("number too large")


def _integer(digits: str) -> int | _Flaw:
    return int(digits) if len(digits) <= MAX_DIGITS else _Flaw("integer too long")


class _Cleaner:
    """Walks a value that is not deep, refuses what is flawed and takes NULs out of texts."""

    def __init__(self) -> None:
        self.found_nul = False

    def clean(self, value: Any, place: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, dict):
            return self._members(value, place)
        if isinstance(value, list):
            return [self.clean(item, (*place, number)) for number, item in enumerate(value)]
        if isinstance(value, _Flaw):
            raise BadJson(pointer(place if value.name is None else (*place, value.name)), value.problem)
        return value

    def _members(self, members: dict[str, Any], place: tuple[str | int, ...]) -> dict[str, Any]:
        cleaned = {}
        for name, value in members.items():
            inner = (*place, name)
            shown = self._text(name, inner)
            if shown in cleaned:
                raise BadJson(pointer((*place, shown)), "appears twice")
            cleaned[shown] = self.clean(value, inner)
        return cleaned

    def _text(self, text: str, place: tuple[str | int, ...]) -> str:
        if text.isascii() and "\0" not in text:
            return text
        if _SURROGATE.search(text):
            raise BadJson(pointer(place), "holds half a surrogate pair")
        self.found_nul = self.found_nul or "\0" in text
        return text.replace("\0", "")


def _refuse_deep(text: str, max_depth: int) -> None:
    path = _Path()
    for found in _TOKEN.finditer(text):
        path.read(found[0])
        if len(path.steps) > max_depth:
            raise BadJson(path.pointer(), f"nested deeper than {max_depth}")


def _place_at(text: str) -> str:
    """Return the pointer to where a text that ends too early has come."""
    path = _Path()
    for found in _TOKEN.finditer(text):
        path.read(found[0])
    return path.pointer()


class _Path:
    """Where a reader of tokens stands. Forgiving: it serves messages and depth, not syntax."""

    def __init__(self) -> None:
        self.steps: list[str | int | None] = []  #: None in an object whose member has no name yet
        self._last_text = ""

    def read(self, mark: str) -> None:
        if mark.startswith('"'):
            self._last_text = mark.strip('"')
        elif mark in "[{":
            self.steps.append(0 if mark == "[" else None)
        elif mark in "]}":
            del self.steps[-1:]
        elif self.steps:
            self._move(mark)

    def _move(self, mark: str) -> None:
        here = self.steps[-1]
        if mark == ":":
            self.steps[-1] = self._last_text
        else:
            self.steps[-1] = here + 1 if isinstance(here, int) else None

    def pointer(self) -> str:
        return pointer([step for step in self.steps if step is not None])
