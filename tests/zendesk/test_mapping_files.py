"""Mapping files: checked whole, with the place of each mistake, and never in a ticket's way."""

from __future__ import annotations

import pytest

from connectors.base import Priority
from connectors.mapping import MappingRefused, load_mapping, read_mapping, shipped_mapping

DOCUMENT = {
    "topic": "refund",
    "amount": "12.50",
    "count": 3,
    "when": "2026-11-02T10:00:00+00:00",
    "list": ["a", "b"],
}


def refused(text: str) -> list[str]:
    with pytest.raises(MappingRefused) as caught:
        read_mapping(text, "mine.yaml")
    return [str(one) for one in caught.value.mistakes]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("from: topic", "refund"),
        ("from: list", "a, b"),
        ("from: topic, longest: 3", "ref"),
        ("from: count, kind: whole", 3),
        ("from: amount, kind: decimal", 12.5),
        ("from: when, kind: date", "2026-11-02"),
        ("from: 'count > `2`', kind: yes_no", True),
        ("from: topic, kind: choice, choices: {refund: 7}", 7),
        ("from: topic, kind: choice, choices: {other: 7}, otherwise: 9", 9),
        ("from: list, kind: choices, choices: {a: x, b: y}", ["x", "y"]),
        ("from: nothing, otherwise: none", "none"),
    ],
)
def test_a_field_gets_its_value_in_its_kind(rule, value):
    mapping = read_mapping(f"fields: {{x: {{field: cf_x, {rule}}}}}")
    assert mapping.ticket_fields(DOCUMENT) == {"cf_x": value}


@pytest.mark.parametrize("rule", ["from: nothing", "from: topic, kind: choice, choices: {other: 7}"])
def test_a_field_without_a_value_stays_out(rule):
    assert read_mapping(f"fields: {{x: {{field: cf_x, {rule}}}}}").ticket_fields(DOCUMENT) == {}


@pytest.mark.parametrize(
    "rule", ["from: topic, kind: whole", "from: 'join(`1`, topic)'", "from: topic, kind: date"]
)
def test_a_value_that_does_not_fit_costs_the_field_and_is_told_without_it(rule):
    filled = read_mapping(f"fields: {{x: {{field: cf_x, {rule}}}}}").filled(DOCUMENT)
    assert filled.fields == {}
    assert filled.problems[0].startswith("field x (cf_x) left out: ")
    assert "refund" not in filled.problems[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "fields:\n  a: {field: 1, from: 'x['}",
            "mine.yaml, line 2: fields.a.from: 'x[' is no JMESPath expression",
        ),
        ("fields:\n  a:\n    field: 1\n    from: x\n    kind: colour", "mine.yaml, line 5: fields.a.kind: "),
        ("fields:\n  a: {from: x}", "mine.yaml, line 2: fields.a.field: Field required"),
        ("subject: topic\ncolour: red", "mine.yaml, line 2: colour: is no key of a mapping file"),
        ("tags: [a]\ntags: [b]", "mine.yaml, line 2: tags: is there twice; keep one"),
        ("priorities: {low: 1}", "mine.yaml: priorities lacks normal, high, urgent"),
        ("fields: [", "mine.yaml, line 1: this is not YAML"),
        ("- a", "mine.yaml: a mapping file holds keys"),
    ],
)
def test_each_mistake_names_file_line_and_key(text, place):
    assert any(one.startswith(place) for one in refused(text))


def test_all_mistakes_come_at_once():
    assert len(refused("fields:\n  a: {field: 1, from: 'x[', kind: colour}\ncolour: red")) == 3


def test_an_account_lays_its_own_file_over(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("fields:\n  topic: {field: 360001}\n  channel: null\nnot_people: [1, 2]\n")
    mapping = shipped_mapping("zendesk", own)
    assert mapping.fields["topic"].field == "360001"
    assert mapping.fields["topic"].source.text == "topic"
    assert "channel" not in mapping.fields
    assert mapping.not_people == {"1", "2"}


def test_a_mistake_in_an_own_file_is_told_of_that_file(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("fields:\n  topic: {kind: colour}\n")
    with pytest.raises(MappingRefused) as caught:
        shipped_mapping("zendesk", own)
    assert str(caught.value).startswith(f"{own}, line 2: fields.topic.kind: ")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MappingRefused, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")


def test_every_mapping_in_the_product_loads():
    mapping = shipped_mapping("zendesk")
    assert mapping.priorities[Priority.URGENT] == "urgent"
    assert mapping.tags == ("handoff",)


def test_tags_are_made_of_the_handoff_too():
    mapping = shipped_mapping("zendesk")
    assert mapping.tags_for({"channel": "whatsapp", "test": True}) == (
        "handoff",
        "handoff_whatsapp",
        "handoff_test",
    )
