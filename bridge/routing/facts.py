"""What a rule may look at in a handoff's document, and whether a fact is what the rule asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from bridge.routing.model import Comparison, Condition, Test

PATHS = (
    "topic",
    "channel",
    "sentiment",
    "trigger",
    "trigger.kind",
    "trigger.code",
    "customer.name",
    "customer.email",
    "customer.phone",
    "customer.external_id",
    "customer.tier",
    "customer.locale",
    "customer.language",
    "language",
    "verification",
    "hints.group",
    "hints.skill",
    "hints.owner",
)
OPEN_ROOTS = ("fields", "extra", "records", "attempts")  #: below these any name may stand


def is_path(path: str) -> bool:
    """Return whether a rule may name `path`: a known one, or one below a root that the bot fills freely."""
    root, _, rest = path.partition(".")
    return path in PATHS or (root in OPEN_ROOTS and bool(rest))


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Return whether any fact at the condition's path passes any of its tests. No fact, no match."""
    return any(passes(fact, test) for fact in facts_at(condition.path, facts) for test in condition.tests)


def facts_at(path: str, facts: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every plain value at a dotted path; a list on the way means each of its items.

    `trigger` means its kind and its code, `language` the first part of the customer's locale, and
    `extra` what the bot sent beyond the fields we know, be it under that name or at the top.
    """
    root, _, rest = path.partition(".")
    if path == "trigger":
        yield from _walk(["trigger", "kind"], facts)
        yield from _walk(["trigger", "code"], facts)
    elif path in ("language", "customer.language"):
        for locale in _walk(["customer", "locale"], facts):
            yield str(locale).replace("_", "-").split("-")[0]
    else:
        yield from _walk(path.split("."), facts)
        if root == "extra":
            yield from _walk(rest.split("."), facts)


def passes(fact: Any, test: Test) -> bool:
    """Return whether `fact` passes. Text is compared without regard to case, numbers as numbers."""
    if test.comparison is not Comparison.IS or _is_number(test.value):
        found, wanted = number(fact), number(test.value)
        return found is not None and wanted is not None and _compare(found, wanted, test.comparison)
    return _text(fact) == _text(test.value)


def number(value: Any) -> float | None:
    """Return a finite number, also from text such as "12000.50"; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def _walk(names: list[str], value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            if not isinstance(item, list | tuple):
                yield from _walk(names, item)
    elif not names and not isinstance(value, Mapping) and value is not None:
        yield value
    elif names and isinstance(value, Mapping):
        yield from _walk(names[1:], value.get(names[0]))


def _compare(found: float, wanted: float, comparison: Comparison) -> bool:
    match comparison:
        case Comparison.AT_LEAST:
            return found >= wanted
        case Comparison.AT_MOST:
            return found <= wanted
        case Comparison.OVER:
            return found > wanted
        case Comparison.UNDER:
            return found < wanted
        case Comparison.IS:
            return found == wanted


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return str(value).strip().casefold()
