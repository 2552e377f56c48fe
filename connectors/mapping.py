"""What an admin's mapping file says: which part of a handoff goes into which field of a helpdesk's ticket."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import jmespath
import yaml
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.base import Priority

SHIPPED = Path(__file__).parents[1] / "mappings" / "helpdesks"
LONGEST_TEXT_CHARACTERS = 500  #: our own, where a rule names none; a one-line field holds no essay

LONGEST_EXPRESSION_CHARACTERS = 2_000
#: what an expression may come to grief on: jmespath lets numbers that are none and its own depth through
BEYOND_JMESPATH = (JMESPathError, ArithmeticError, RecursionError, TypeError, ValueError)

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One thing wrong in a mapping file. `line` counts from 1; None when the place has no line."""

    file: str
    key: str
    problem: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class MappingRefused(Exception):
    """A mapping file cannot be used; `mistakes` names all that is wrong with it, at once."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Expression:
    """A JMESPath expression over the handoff's document (https://jmespath.org)."""

    text: str
    _compiled: Any = field(compare=False, repr=False)

    def value_in(self, document: Mapping[str, Any]) -> Any:
        """Return what it finds; None when nothing is there. Raises ValueError when it cannot be applied."""
        try:
            return self._compiled.search(document)
        except BEYOND_JMESPATH as error:
            raise ValueError(f"the expression {self.text!r} does not fit this handoff") from error


def _compiled(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError("write an expression as text, such as topic")  # noqa: TRY004 - pydantic's way
    if len(value) > LONGEST_EXPRESSION_CHARACTERS:
        raise ValueError(f"an expression has at most {LONGEST_EXPRESSION_CHARACTERS} characters")
    try:
        return Expression(value, jmespath.compile(value))
    except BEYOND_JMESPATH as error:
        raise ValueError(f"{value!r} is no JMESPath expression; topic would be one") from error


def _as_text(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


Written = Annotated[Expression, BeforeValidator(_compiled)]
Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]  #: YAML's bare 360012 means "360012"


class FieldKind(StrEnum):
    """What the helpdesk's field holds."""

    TEXT = "text"  #: one line
    PARAGRAPH = "paragraph"  #: several lines
    WHOLE = "whole"  #: whole number
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    DATE = "date"  #: a day, without the hour
    CHOICE = "choice"  #: one of the helpdesk's options
    CHOICES = "choices"  #: several of them


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=False)


class FieldRule(_Strict):
    """One field of the ticket.

    `choices` turns our value into the option's own; a value not among them gets `otherwise` or stays out.
    """

    field: Id
    source: Written = Field(alias="from")
    kind: FieldKind = FieldKind.TEXT
    longest: int = Field(default=LONGEST_TEXT_CHARACTERS, ge=1)  #: characters; for text and paragraph
    choices: dict[Id, Scalar] | None = None
    otherwise: Scalar | None = None

    def value_for(self, document: Mapping[str, Any]) -> Any:
        """Return what the field gets, None when it stays out. Raises ValueError where it does not fit."""
        found = self.source.value_in(document)
        if found is None or found == "" or found == []:
            return self.otherwise
        return _SHAPES[self.kind](found, self)


def _text(found: Any, rule: FieldRule) -> str:
    return " ".join(_paragraph(found, rule).split())


def _paragraph(found: Any, rule: FieldRule) -> str:
    parts = found if isinstance(found, list) else [found]
    if any(isinstance(part, dict | list) for part in parts):
        raise ValueError("text is wanted, the expression gives an object")
    return ", ".join("yes" if part is True else "no" if part is False else str(part) for part in parts)[
        : rule.longest
    ]


def _whole(found: Any, _: FieldRule) -> int:
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise ValueError("a whole number is wanted")  # noqa: TRY004 - one kind of refusal
    return int(found)


def _decimal(found: Any, _: FieldRule) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError("a number is wanted")  # noqa: TRY004 - one kind of refusal
    try:
        number = float(found)
    except OverflowError:
        raise ValueError("a smaller number is wanted") from None
    return _finite(number)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("a finite number is wanted")
    return number


def _yes_no(found: Any, _: FieldRule) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    answer = words.get(str(found).strip().casefold())
    if answer is None:
        raise ValueError("yes or no is wanted")
    return answer


def _date(found: Any, _: FieldRule) -> str:
    day = re.match(r"\d{4}-\d{2}-\d{2}(?!\d)", str(found))
    if day is None:
        raise ValueError("a date such as 2026-11-02 is wanted")
    return day.group()


def _choice(found: Any, rule: FieldRule) -> Any:
    if not isinstance(found, Scalar):
        raise ValueError("one option is wanted, the expression gives something else")  # noqa: TRY004 - one kind of refusal
    if rule.choices is None:
        return _finite(found) if isinstance(found, float) else found
    return rule.choices.get(str(found), rule.otherwise)


def _choices(found: Any, rule: FieldRule) -> list[Any] | None:
    several = found if isinstance(found, list) else [found]
    known = [chosen for one in several if (chosen := _choice(one, rule)) is not None]
    return known or None


_SHAPES = {
    FieldKind.TEXT: _text,
    FieldKind.PARAGRAPH: _paragraph,
    FieldKind.WHOLE: _whole,
    FieldKind.DECIMAL: _decimal,
    FieldKind.YES_NO: _yes_no,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _choices,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """Fields by the helpdesk's own name or id, and in plain words what could not be filled."""

    fields: Mapping[str, Any]
    problems: tuple[str, ...] = ()


def _own_words() -> dict[Priority, Scalar]:
    return {one: one.value for one in Priority}


class FieldMapping(_Strict):
    """A checked mapping file. Expressions read the handoff's document; see `mappings/helpdesks`."""

    subject: Written | None = None
    fields: dict[str, FieldRule] = Field(default_factory=dict)  #: by a name of the admin's own
    tags: tuple[Id, ...] = ()
    tags_from: tuple[Written, ...] = ()
    ticket: dict[str, Scalar] = Field(default_factory=dict)  #: the ticket's own properties, the same on each
    priorities: dict[Priority, Scalar] = Field(default_factory=_own_words)
    solved: frozenset[Id] = frozenset()  #: statuses that mean the work is done
    groups: dict[Id, Id] = Field(default_factory=dict)  #: the desk's name of a group → the helpdesk's
    not_people: frozenset[Id] = frozenset()  #: ids of users that are bots and integrations

    @model_validator(mode="after")
    def _knows_every_priority(self) -> FieldMapping:
        missing = [each.value for each in Priority if each not in self.priorities]
        if missing:
            raise ValueError(f"priorities lacks {', '.join(missing)}")
        return self

    def ticket_fields(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of the helpdesk's fields; those without a value stay out."""
        return dict(self.filled(document).fields)

    def filled(self, document: Mapping[str, Any]) -> Filled:
        """Return the fields, and what did not fit: one bad value never costs the ticket."""
        fields: dict[str, Any] = {}
        problems: list[str] = []
        for name, rule in self.fields.items():
            try:
                value = rule.value_for(document)
            except ValueError as error:
                problems.append(f"field {name} ({rule.field}) left out: {_harmless(error)}")
                continue
            if value is not None:
                fields[rule.field] = value
        return Filled(fields=fields, problems=tuple(problems))

    def subject_for(self, document: Mapping[str, Any]) -> str | None:
        """Return the subject in one line; None when the mapping has none or it comes out empty."""
        try:
            found = self.subject.value_in(document) if self.subject else None
        except ValueError:
            return None
        return " ".join(found.split()) or None if isinstance(found, str) else None

    def tags_for(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fixed tags, then those the expressions give; each once, in order."""
        return tuple(dict.fromkeys((*self.tags, *self._found_tags(document))))

    def group_named(self, name: str) -> str:
        """Return what the helpdesk calls the desk's group."""
        return self.groups.get(name, name)

    def _found_tags(self, document: Mapping[str, Any]) -> Iterator[str]:
        for expression in self.tags_from:
            try:
                found = expression.value_in(document)
            except ValueError:
                continue
            for tag in found if isinstance(found, list) else [found]:
                if isinstance(tag, str | int) and tag != "":
                    yield str(tag)


def _harmless(error: ValueError) -> str:
    """Return the reason without the value: int() and float() repeat it, and it may be a customer's word."""
    text = str(error)
    return "a number is wanted" if "convert" in text or "invalid literal" in text else text


def shipped_mapping(vendor: str, *overrides: Path) -> FieldMapping:
    """Return the mapping that comes with the product, with an account's own files laid over it."""
    return load_mapping(SHIPPED / f"{vendor}.yaml", *overrides)


def load_mapping(path: Path, *overrides: Path) -> FieldMapping:
    """Read a mapping file and lay `overrides` over it, key by key; null takes a key away.

    Raises MappingRefused with every mistake, each with file, line and key.
    """
    texts = [(each, _text_of(each)) for each in (path, *overrides)]
    return _built([_Source.read(text, str(each)) for each, text in texts])


def read_mapping(text: str, file_name: str = "mapping.yaml") -> FieldMapping:
    """Like `load_mapping`, for text that is at hand."""
    return _built([_Source.read(text, file_name)])


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
        raise MappingRefused((Mistake(file=str(path), key="", problem=problem),)) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """One file, and on which line each of its keys stands."""

    file: str
    document: dict[str, Any]
    lines: Mapping[tuple[str, ...], int]

    @classmethod
    def read(cls, text: str, file: str) -> _Source:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise MappingRefused((_syntax_mistake(error, file),)) from error
        if not isinstance(document, dict):
            problem = "a mapping file holds keys such as subject, fields and tags"
            raise MappingRefused((Mistake(file=file, key="", problem=problem),))
        lines: dict[tuple[str, ...], int] = {}
        doubles = [_double(file, path, line) for path, line in _note_lines(node, (), lines)]
        if doubles:
            raise MappingRefused(tuple(doubles))
        return cls(file=file, document=document, lines=lines)


def _syntax_mistake(error: yaml.YAMLError, file: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    problem = f"this is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"
    return Mistake(file=file, key="", line=mark.line + 1 if mark else None, problem=problem)


def _double(file: str, path: tuple[str, ...], line: int) -> Mistake:
    return Mistake(file=file, key=".".join(path), line=line, problem="is there twice; keep one")


def _note_lines(
    node: yaml.Node | None, path: tuple[str, ...], lines: dict[tuple[str, ...], int]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Fill `lines`; yield each key that its file names twice, which YAML itself would let pass."""
    if isinstance(node, yaml.MappingNode):
        children = [(str(key.value), key.start_mark.line + 1, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(str(place), each.start_mark.line + 1, each) for place, each in enumerate(node.value)]
    else:
        return
    for name, line, child in children:
        here = (*path, name)
        if here in lines:
            yield here, line
        lines[here] = line
        yield from _note_lines(child, here, lines)


def _built(sources: list[_Source]) -> FieldMapping:
    document: dict[str, Any] = {}
    for source in sources:
        document = _laid_over(document, source.document)
    try:
        return FieldMapping.model_validate(document)
    except ValidationError as error:
        raise MappingRefused(tuple(_mistakes(error, sources))) from error


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(under, dict):
            merged[key] = _laid_over(under, value)
        else:
            merged[key] = value
    return merged


def _mistakes(error: ValidationError, sources: list[_Source]) -> Iterator[Mistake]:
    for each in error.errors(include_url=False, include_input=False):
        path = tuple(str(part) for part in each["loc"] if part != "[key]")
        source, line = _place(path, sources)
        problem = "is no key of a mapping file" if each["type"] == "extra_forbidden" else each["msg"]
        yield Mistake(file=source.file, key=".".join(path), line=line, problem=_plain(problem))


def _place(path: tuple[str, ...], sources: list[_Source]) -> tuple[_Source, int | None]:
    """Return the last file that says anything about `path` or what it stands in, and the line there."""
    for length in range(len(path), 0, -1):
        for source in reversed(sources):
            line = source.lines.get(path[:length])
            if line is not None:
                return source, line
    return sources[-1], None


def _plain(problem: str) -> str:
    return problem.removeprefix("Value error, ")
