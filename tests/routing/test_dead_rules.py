"""Rules that no handoff can reach."""

from __future__ import annotations

import pytest

from bridge.desk import words
from bridge.routing.coverage import dead_rules
from bridge.routing.model import Condition, RouteRule


def rule(number: int, when: dict[str, object]) -> RouteRule:
    conditions = (Condition(path=path, tests=words.tests(value)) for path, value in when.items())
    return RouteRule(number=number, when=tuple(conditions))


def dead(*whens: dict[str, object]) -> list[tuple[int, int]]:
    rules = [rule(number, when) for number, when in enumerate(whens, start=1)]
    return [(late.number, early.number) for late, early in dead_rules(rules)]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ({"topic": ["refund", "parcel"]}, {"topic": "Refund"}),
        ({"topic": "refund"}, {"topic": "refund", "channel": "web"}),
        ({"fields.amount": ">= 100"}, {"fields.amount": "> 100"}),
        ({"fields.amount": ">= 100"}, {"fields.amount": [200, ">= 1000"]}),
        ({"fields.amount": "< 100"}, {"fields.amount": "<= 99"}),
        ({"trigger": "failure"}, {"trigger.kind": "failure"}),
        ({}, {"topic": "refund"}),
    ],
)
def test_a_rule_that_an_earlier_one_covers_is_dead(early, late):
    assert dead(early, late) == [(2, 1)]


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ({"topic": "refund"}, {"topic": ["refund", "parcel"]}),
        ({"topic": "refund", "channel": "web"}, {"topic": "refund"}),
        ({"fields.amount": "> 100"}, {"fields.amount": ">= 100"}),
        ({"fields.amount": ">= 100"}, {"fields.amount": "<= 1000"}),
        ({"fields.amount": ">= 100"}, {"fields.amount": 50}),
        ({"fields.amount": 100}, {"fields.amount": ">= 100"}),
        ({"trigger.kind": "failure"}, {"trigger": "failure"}),
        ({"topic": "refund"}, {}),
    ],
)
def test_a_rule_that_is_wider_or_other_lives(early, late):
    assert dead(early, late) == []
