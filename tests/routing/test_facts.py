"""Facts against what a rule accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.desk import words
from bridge.routing.facts import facts_at, holds, is_path
from bridge.routing.model import Condition


def matches(path: str, accepted: object, facts: dict[str, object]) -> bool:
    return holds(Condition(path=path, tests=words.tests(accepted)), facts)


@pytest.mark.parametrize(
    ("path", "accepted", "facts"),
    [
        ("topic", "refund", {"topic": " Refund "}),
        ("topic", ["refund", "parcel"], {"topic": "parcel"}),
        ("trigger", "failure", {"trigger": {"kind": "failure", "code": "x"}}),
        ("trigger", "no_match_3", {"trigger": {"kind": "failure", "code": "no_match_3"}}),
        ("trigger.kind", "asked", {"trigger": {"kind": "asked", "code": ""}}),
        ("customer.tier", "enterprise", {"customer": {"tier": "ENTERPRISE"}}),
        ("customer.locale", "pt-BR", {"customer": {"locale": "pt-br"}}),
        ("customer.language", "hi", {"customer": {"locale": "hi-IN"}}),
        ("language", "hi", {"customer": {"locale": "hi_IN"}}),
        ("verification", "otp", {"verification": ["email", "otp"]}),
        ("records.kind", "order", {"records": [{"kind": "page"}, {"kind": "order", "id": "7"}]}),
        ("fields.order.city", "Pune", {"fields": {"order": {"city": "pune"}}}),
        ("fields.vip", True, {"fields": {"vip": True}}),
        ("fields.vip", True, {"fields": {"vip": "true"}}),
        ("fields.floor", 5, {"fields": {"floor": "5.0"}}),
        ("extra.plan", "pro", {"extra": {"plan": "pro"}}),
        ("extra.plan", "pro", {"plan": "pro"}),
        ("topic", "Straße", {"topic": "STRASSE"}),
    ],
)
def test_a_fact_matches(path, accepted, facts):
    assert matches(path, accepted, facts)


@pytest.mark.parametrize(
    ("path", "accepted", "facts"),
    [
        ("topic", "refund", {}),
        ("topic", "refund", {"topic": None}),
        ("topic", "none", {"topic": None}),
        ("topic", "refund", {"topic": ["a", ["refund"]]}),
        ("customer.tier", "gold", {"customer": "gold"}),
        ("fields.pin", "0123", {"fields": {"pin": 123}}),
        ("fields.vip", True, {"fields": {"vip": 1}}),
        ("fields.amount", ">= 0", {"fields": {"amount": True}}),
        ("fields", "x", {"fields": {"x": "x"}}),
    ],
)
def test_a_fact_does_not_match(path, accepted, facts):
    assert not matches(path, accepted, facts)


@pytest.mark.parametrize(
    ("bound", "amount", "expected"),
    [
        (">= 10000", 10000, True),
        (">= 10000", "10000.00", True),
        (">= 10000", 9999.99, False),
        ("> 10000", 10000, False),
        ("< 5", -3, True),
        ("<=5", 5, True),
        (">= 10000", "a lot", False),
        (">= 10000", float("nan"), False),
        (">= 10000", "inf", False),
        (">= 10000", 10**400, False),
        (">= 10000", None, False),
    ],
)
def test_a_number_is_held_against_a_bound(bound, amount, expected):
    assert matches("fields.amount", bound, {"fields": {"amount": amount}}) is expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(("kind", "amount", "locale")) | st.text(), inner)
    ),
)
roots = st.sampled_from(("topic", "trigger", "customer", "fields", "records", "extra"))


@given(facts=st.dictionaries(roots, json_values))
def test_no_document_makes_a_rule_fail(facts):
    for path in ("topic", "trigger", "customer.language", "fields.amount", "records.kind", "extra.amount"):
        matches(path, ["x", 5, True, ">= 10"], facts)
        assert not any(isinstance(fact, dict | list) for fact in facts_at(path, facts))


@pytest.mark.parametrize("path", ["topic", "trigger.code", "customer.tier", "fields.amount", "extra.a.b"])
def test_a_known_path_is_known(path):
    assert is_path(path)


@pytest.mark.parametrize(
    "path", ["topik", "fields", "fields.", "customer", "customer.shoe_size", "", "summary.wants"]
)
def test_another_path_is_not(path):
    assert not is_path(path)
