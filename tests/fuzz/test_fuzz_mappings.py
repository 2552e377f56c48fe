"""Mapping files with mistakes of every kind, and hostile documents: refused with a place, or a ticket all the same."""

from __future__ import annotations

import copy
import json
from contextlib import suppress

import pytest
import yaml
from fuzzing import tries
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping import SHIPPED, FieldKind, FieldRule, MappingRefused, read_mapping

FILES = {path.stem: path.read_text() for path in sorted(SHIPPED.glob("*.yaml"))}
vendors = pytest.mark.parametrize("vendor", sorted(FILES))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        ["9" * 5000, "1e999", "nan", "2026-13-45", "yes", "\x00", "\ud800", "{{ticket.id}}", 10**400]
    ),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
#: expressions of every kind, right and wrong, that meet what a handoff may hold
EXPRESSIONS = [
    "topic", "fields.*", "transcript[].text", "transcript[::0]", "transcript[?speaker=='customer'].text | [0]",
    "join(', ', verification)", "sort(fields)", "sort_by(records, &id)", "max(records[].id)", "sum(fields.*)",
    "avg(verification)", "to_number(topic)", "to_string(@)", "length(customer.name)", "reverse(topic)",
    "merge(customer, fields)", "keys(topic)", "abs(fields.amount)", "floor(topic)", "ceil(fields.amount)",
    "map(&text, transcript)", "not_null(topic, sentiment)", "type(@)", "contains(topic, fields)",
    "starts_with(topic, customer)", "customer.name == topic", "fields.amount >= topic", "@", "*.*.*", "[*]",
    "no_such(@)", "topic[", "'", "`{`", "&topic", "[&topic]", "ceil(`1e400`)", "to_number('nan')", "",
    "a" * 2001, "[" * 500 + "]" * 500, "!" * 1999 + "a", "a||" * 600 + "a", "`" + "[" * 900 + "]" * 900 + "`",
]  # fmt: skip


def handoffs():
    """Return documents with the names that a mapping asks for, and anything at all behind them."""
    names = [
        "topic",
        "fields",
        "customer",
        "transcript",
        "records",
        "verification",
        "summary",
        "trigger",
        "sentiment",
    ]
    return st.dictionaries(st.sampled_from(names), documents, max_size=len(names))


def filled(mapping, document):
    """Fill a ticket as a connector does: whatever comes of it can be sent."""
    found = mapping.filled(document)
    json.dumps(
        [found.fields, mapping.subject_for(document), list(mapping.tags_for(document))], allow_nan=False
    )
    assert all(problem.strip() for problem in found.problems)


def read(text):
    """Return the mapping of a text; None for one that is refused, which must say where."""
    mapping, mistakes = parsed(text)
    assert all(mistake.problem and mistake.file for mistake in mistakes)
    assert mapping is not None or mistakes
    return mapping


def parsed(text):
    try:
        return read_mapping(text), ()
    except MappingRefused as refused:
        return None, refused.mistakes


@vendors
@given(document=handoffs())
@tries(20)
def test_a_hostile_handoff_never_costs_the_ticket(vendor, document):
    filled(read_mapping(FILES[vendor]), document)


@pytest.mark.filterwarnings("ignore:deprecated string literal:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", FieldKind)
@given(document=handoffs(), text=st.text(max_size=30))
@tries(5)
def test_any_expression_is_refused_or_gives_what_can_be_sent(kind, document, text):
    for source in (*EXPRESSIONS, text):
        for choices in (None, {"a": "b"}):
            value = None
            with suppress(ValueError):  # a pydantic refusal is one, too
                rule = FieldRule.model_validate(
                    {"field": 1, "from": source, "kind": kind, "choices": choices}
                )
                value = rule.value_for(document)
            json.dumps(value, allow_nan=False)


@vendors
@given(data=st.data(), value=documents)
@tries(20)
def test_one_value_that_is_another_is_refused_or_works(vendor, data, value):
    tree = yaml.safe_load(FILES[vendor])
    path = data.draw(st.sampled_from(list(_places(tree))[1:]))
    around = tree = copy.deepcopy(tree)
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = value
    mapping = read(yaml.safe_dump(tree))
    if mapping is not None:
        filled(mapping, {"topic": "refund"})


@given(text=st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"#%@` \n\tab", max_size=80))
@tries(40)
def test_any_text_at_all_is_refused_or_works(text):
    read(text)


def _places(tree, path=()):
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from _places(value, (*path, key))
