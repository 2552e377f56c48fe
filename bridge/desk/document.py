"""YAML as plain data, with the line of every key; bounded, and with the surprises of YAML 1.1 left out.

Only `true` and `false` are truth values (Norway's `no` stays text), numbers are decimal, and times
are text for the schema to read. Merge keys (`<<`) and tags are not read; an alias is, within limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from bridge.desk.mistakes import Complaints, DeskRefused, Mistake, Place

LARGEST_CHARACTERS = 256 * 1024
DEEPEST = 20
MOST_VALUES = 20_000
LONGEST_NUMBER = 18  #: digits; longer ones stay text

_BOOL, _INT, _FLOAT, _NULL = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null"))
_TEXT, _LIST, _MAPPING = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a file says: mappings with text keys, lists, text, numbers, truth values and None."""

    data: Any
    complaints: Complaints


def read_document(text: str, file_name: str) -> Document:
    """Return the file's data and a place for complaints, where doubled keys are noted already.

    Raises DeskRefused when the text is no YAML or larger or deeper than any desk.
    """
    if len(text) > LARGEST_CHARACTERS:
        limit = f"{LARGEST_CHARACTERS // 1024} thousand characters"
        raise _refused(
            file_name, 1, f"the file is larger than {limit}", "keep a desk to one file of people and shifts"
        )
    try:
        root = _Loader(text).get_single_node()
        walk = _Walk(file_name)
        return Document(data=walk.plain(root, ()) if root else None, complaints=walk.complaints)
    except _LimitError as limit:
        raise _refused(file_name, limit.line, limit.problem, "write the values out, flat") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _refused(file_name, line, "a character that no YAML may hold", "remove it") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"not readable as YAML: {error.problem or error.context}"
        remedy = "look at indentation, quotes and brackets on this line and the one before"
        raise _refused(file_name, mark.line + 1 if mark else 1, problem, remedy) from None


class _LimitError(Exception):
    """The document goes past a limit."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


class _Loader(yaml.SafeLoader):
    """The safe loader, with a bound on depth and only the plain words that a desk needs."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _LimitError(self.line + 1, f"nested deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(_FLOAT, re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(_NULL, re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])


@dataclass(slots=True)
class _Walk:
    """Turns nodes into plain data and remembers lines; counts values, as an alias repeats what it names."""

    file_name: str
    lines: dict[Place, int] = field(default_factory=dict)
    complaints: Complaints = field(init=False)
    values: int = 0

    def __post_init__(self) -> None:
        self.complaints = Complaints(self.file_name, self.lines)

    def plain(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self.values += 1
        if self.values > MOST_VALUES or len(place) > DEEPEST:
            raise _LimitError(line, "more values than any desk has, once its aliases are followed")
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
            return [self.plain(item, (*place, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in (_TEXT, _BOOL, _INT, _FLOAT, _NULL):
            return self._scalar(node, place)
        self.complaints.add(place, f"the tag {node.tag!r} is not read here", "write the plain value")
        return None

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.complaints.add(place, "a key is a list or a mapping", "use a plain word as the key")
                continue
            inner, line = (*place, key.value), key.start_mark.line + 1
            if key.value in data:
                remedy = f"keep this or the one on line {self.lines[inner]}"
                self.complaints.add(inner, f"the key {key.value!r} stands here twice", remedy, line=line)
                continue
            self.lines[inner] = line
            data[key.value] = self.plain(value, inner)
        return data

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        text: str = node.value
        try:
            return _value(node.tag, text)
        except ValueError:
            self.complaints.add(place, f"{text[:20]!r} does not fit its tag", "write the plain value")
            return None


def _value(tag: str, text: str) -> Any:
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.casefold() == "true"
    if tag == _INT and len(text) <= LONGEST_NUMBER:
        return int(text)
    if tag == _FLOAT and len(text) <= LONGEST_NUMBER:
        return float(text)
    return text


def _refused(file_name: str, line: int, problem: str, remedy: str) -> DeskRefused:
    return DeskRefused((Mistake(file=file_name, line=line, key="", problem=problem, remedy=remedy),))
