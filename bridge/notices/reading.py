"""Reads the files of notices whole: either every locale without a mistake, or every mistake at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic_core import PydanticCustomError

from bridge.desk.document import read_document
from bridge.desk.load import desk_text
from bridge.desk.mistakes import Complaints, DeskRefused, Mistake, Place
from bridge.desk.words import LOCALE, problem
from bridge.notices.model import (
    NOTICE_NAMES,
    TIME_NAMES,
    NoticeKind,
    Notices,
    TimeKind,
    Wording,
    key_of,
)
from bridge.notices.samples import SAMPLE_MINUTES, sample_values
from bridge.notices.templates import Template, template

SHIPPED: Final = Path(__file__).parents[2] / "mappings" / "notices"
#: characters of a notice filled in with usual names; the room left is for longer ones
LONGEST_SAMPLE: Final = 500
SECTIONS: Final = ("notices", "times", "weekdays", "months")
#: what a file of notices ends in, and what it is told that it should not
SUFFIXES: Final = (".yaml", ".yml")
WEEKDAYS, MONTHS = 7, 12
LONGEST_DAY_NAME: Final = 40
KindT = TypeVar("KindT", NoticeKind, TimeKind)


class NoticesRefused(Exception):
    """Files of notices have mistakes, and none of them is used until all are mended."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def load_notices(mappings: Path | None) -> Notices:
    """Return the notices that come with the product, each file replaced by the admin's own of that locale.

    `mappings` is the admin's folder, whose `notices/<locale>.yaml` are read; None for none. A locale that is
    only there is added. Raises NoticesRefused with every mistake of every file.
    """
    if mappings is None:
        return shipped_notices()
    own = sorted(path for path in (mappings / "notices").glob("*") if path.suffix in SUFFIXES)
    return _built([*sorted(SHIPPED.glob("*.yaml")), *own], own)


@lru_cache(maxsize=1)
def shipped_notices() -> Notices:
    """Return the notices that come with the product, read once."""
    return _built(sorted(SHIPPED.glob("*.yaml")), [])


def read_wording(text: str, file: str, locale: str) -> Wording:
    """Read the notices of one locale from text; `file` stands in its mistakes. Raises DeskRefused with all of them."""
    document = read_document(text, file)
    complaints, data = document.complaints, document.data
    if not isinstance(data, dict):
        complaints.add((), "the file holds no mapping", "begin with notices: and the texts below it")
        complaints.raise_if_any()
    for name in data:
        if name not in SECTIONS:
            complaints.unknown((name,), "key", name, SECTIONS)
    wording = Wording(
        locale=locale,
        file=file,
        notices=_texts(data, "notices", NOTICE_NAMES, complaints),
        times=_texts(data, "times", TIME_NAMES, complaints),
        weekdays=_names(data, "weekdays", WEEKDAYS, complaints),
        months=_names(data, "months", MONTHS, complaints),
    )
    complaints.raise_if_any()
    return wording


def _built(files: list[Path], own: list[Path]) -> Notices:
    """Return the wordings of the files; a later one replaces an earlier one of its locale, but two `own` clash."""
    wordings: dict[str, Wording] = {}
    mistakes: list[Mistake] = []
    holders: dict[str, Path] = {}
    for path in files:
        key = key_of(path.stem)
        try:
            if path in own and key in holders:
                raise _wrong_file(path, f"is for the same locale as {holders[key].name}", "keep one of them")
            wordings[key] = _read_file(path)
        except DeskRefused as refused:
            mistakes.extend(refused.mistakes)
        if path in own:
            holders.setdefault(key, path)
    if mistakes:
        raise NoticesRefused(tuple(mistakes))
    return Notices(wordings)


def _read_file(path: Path) -> Wording:
    if path.suffix != SUFFIXES[0] or not LOCALE.fullmatch(path.stem):
        raise _wrong_file(path, "is not named after a locale", "call it hi.yaml or pt-BR.yaml")
    return read_wording(desk_text(path), str(path), path.stem)


def _wrong_file(path: Path, said: str, remedy: str) -> DeskRefused:
    return DeskRefused((Mistake(file=str(path), line=1, key="", problem=said, remedy=remedy),))


def _texts(
    data: dict[str, Any], section: str, known: Mapping[KindT, tuple[str, ...]], complaints: Complaints
) -> dict[KindT, Template]:
    """Return the section's templates; what is missing, unknown or wrong is noted."""
    written = data.get(section)
    if not isinstance(written, dict):
        complaints.add((section,), *_absent(written, section, "a mapping"))
        return {}
    for name in written:
        if name not in list(known):
            complaints.unknown((section, name), "text", name, [kind.value for kind in known])
    return dict(_templates(written, section, known, complaints))


def _templates(
    written: dict[str, Any], section: str, known: Mapping[KindT, tuple[str, ...]], complaints: Complaints
) -> Iterator[tuple[KindT, Template]]:
    for kind, names in known.items():
        place: Place = (section, kind.value)
        if kind.value not in written:
            listed = " and ".join(f"{{{{ {name} }}}}" for name in names)
            complaints.add(place, "is missing", f"add it; it may put in {listed}" if listed else "add it")
            continue
        try:
            made = template(written[kind.value], names)
            _try(made, names)
        except PydanticCustomError as error:
            complaints.add_error(place, error)
        else:
            yield kind, made


def _try(made: Template, names: tuple[str, ...]) -> None:
    """Fill it in for every number of minutes that may choose another text; it must say something, and briefly."""
    for minutes in SAMPLE_MINUTES if "minutes" in names else SAMPLE_MINUTES[:1]:
        text = " ".join(made.filled(sample_values(names, minutes)).split())
        if not text:
            raise problem(f"says nothing for {minutes} minutes", "let every choice have a text")
        if len(text) > LONGEST_SAMPLE:
            raise problem(f"comes out longer than {LONGEST_SAMPLE} characters", "shorten it")


def _names(data: dict[str, Any], section: str, count: int, complaints: Complaints) -> tuple[str, ...]:
    written = data.get(section)
    if not isinstance(written, list):
        complaints.add((section,), *_absent(written, section, "a list"))
        return ()
    if len(written) != count:
        complaints.add((section,), f"names {len(written)} and not {count}", "name each of them, in order")
    for number, name in enumerate(written):
        if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_DAY_NAME:
            complaints.add((section, number), f"{name!r} is no name", "write a short word, in quotes")
    return tuple(str(name) for name in written)


def _absent(written: Any, section: str, wanted: str) -> tuple[str, str]:
    return ("is missing", f"add {section}: …") if written is None else (f"must be {wanted}", "see en.yaml")
