"""Templates that put names into a text and choose between texts, and can do nothing else.

What a template may hold is a list; all else is refused when the file is read, before any of it is run. It is run in
Jinja's sandbox all the same, without a single filter, test or function.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.desk.mistakes import did_you_mean
from bridge.desk.words import problem

LONGEST_SOURCE: Final = 1_000
SHOWN: Final = 60  #: characters of a template that a mistake repeats
#: names that hold whole numbers; every other holds text
NUMBERS: Final = frozenset({"minutes", "day"})
EITHER_WAY: Final = frozenset({"eq", "ne"})
AMONG: Final = frozenset({"in", "notin"})
CHOICES: Final = "write names such as {{ owner }}, and choose between texts by {% if minutes == 1 %}"

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
for _given in (_ENVIRONMENT.globals, _ENVIRONMENT.filters, _ENVIRONMENT.tests):
    _given.clear()


@dataclass(frozen=True, slots=True)
class Template:
    """A template that passed every check. Two are the same when their sources are."""

    source: str
    _compiled: jinja2.Template = field(compare=False, repr=False)

    def filled(self, values: Mapping[str, str | int]) -> str:
        """Return the text with the values put in as they are; `values` has every name that it may use."""
        return self._compiled.render(values)


def template(source: Any, names: Collection[str]) -> Template:
    """Check and compile one template that may use `names`.

    Raises PydanticCustomError, as the readers of the desk's short forms do, with what would do.
    """
    if not isinstance(source, str):
        raise problem(f"{source!r} is no text", "write the text in quotes")
    if not source.strip():
        raise problem("says nothing", "write what the customer is told")
    if len(source) > LONGEST_SOURCE:
        raise problem(f"is longer than {LONGEST_SOURCE} characters", "shorten it")
    try:
        for node in _ENVIRONMENT.parse(source).find_all(nodes.Node):
            _check(node, source, names)
        return Template(source, _ENVIRONMENT.from_string(source))
    except jinja2.TemplateSyntaxError as error:
        remedy = "look at its {{ }} and {% %}: each is closed, and each {% if %} has its {% endif %}"
        raise problem(f"{_shown(source)} is no template: {error.message}", remedy) from None
    except RecursionError:
        raise problem(f"{_shown(source)} is nested too deep", "write it flat") from None


def _check(node: nodes.Node, source: str, names: Collection[str]) -> None:
    check = ALLOWED.get(type(node))
    if check is None:
        raise problem(f"{_shown(source)} does more than a notice may", CHOICES)
    if isinstance(node, nodes.Name) and node.name not in names:
        remedy = did_you_mean(node.name, names) if names else "this text puts in no name"
        raise problem(f"may not put in {node.name!r}", remedy)
    if not check(node):
        raise problem(f"{_shown(source)} could fail when it is filled in", CHOICES)


def _is_safe_comparison(node: Any) -> bool:
    """Return whether it holds or does not for any values: numbers are ordered with numbers, and lists are given."""
    left = node.expr
    for operand in node.ops:
        right = operand.expr
        among = operand.op in AMONG and isinstance(right, nodes.Tuple | nodes.List)
        if not (operand.op in EITHER_WAY or among or (_is_number(left) and _is_number(right))):
            return False
        left = right
    return True


def _is_safe_remainder(node: Any) -> bool:
    """Return whether it is a number's remainder, as plurals need it; of a text it would be formatting."""
    divisor = node.right.value if isinstance(node.right, nodes.Const) else 0
    return (
        isinstance(node.left, nodes.Name) and _is_number(node.left) and type(divisor) is int and divisor > 0
    )


def _is_number(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Const):
        return type(node.value) is int
    return isinstance(node, nodes.Mod) or (isinstance(node, nodes.Name) and node.name in NUMBERS)


def _always(_: Any) -> bool:
    return True


def _is_read(node: Any) -> bool:
    return bool(node.ctx == "load")


def _holds_constants(node: Any) -> bool:
    return all(isinstance(item, nodes.Const) for item in node.items)


def _has_an_else(node: Any) -> bool:
    return node.expr2 is not None


#: what a template may be made of, and what must hold of each
ALLOWED: Final[Mapping[type[nodes.Node], Callable[[Any], bool]]] = {
    nodes.Output: _always,
    nodes.TemplateData: _always,
    nodes.Const: _always,
    nodes.If: _always,
    nodes.Operand: _always,
    nodes.And: _always,
    nodes.Or: _always,
    nodes.Not: _always,
    nodes.Name: _is_read,
    nodes.Tuple: _holds_constants,
    nodes.List: _holds_constants,
    nodes.CondExpr: _has_an_else,
    nodes.Compare: _is_safe_comparison,
    nodes.Mod: _is_safe_remainder,
}


def _shown(source: str) -> str:
    line = " ".join(source.split())
    return repr(line if len(line) <= SHOWN else f"{line[:SHOWN]}…")
