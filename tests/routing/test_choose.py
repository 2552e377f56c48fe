"""The walk over the rules: which one matches, who gets the handoff, and the reason for each part."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter
from rosters import local, override, roster, shift

from bridge.desk import words
from bridge.roster.model import Duty
from bridge.roster.on_duty import on_duty
from bridge.routing.choose import choose
from bridge.routing.model import Condition, Fallback, ReasonKind, Route, RouteRule

NOON = local("2026-11-02T12:00")
FALLBACK = Fallback(card_channel="C0FALLBACK", lead="meera")
MORNING = shift(backup="ravi", lead="meera", card_channel="C0MORNING")
LAST = {"group": "Support", "policy": "standard"}


def rules(*written: dict[str, Any]) -> tuple[RouteRule, ...]:
    """Return rules as a desk file has them, the one for all others behind them."""
    made = []
    for number, rule in enumerate([*written, LAST], start=1):
        when = {path: words.tests(value) for path, value in rule.get("when", {}).items()}
        conditions = tuple(Condition(path=path, tests=tests) for path, tests in when.items())
        made.append(RouteRule(number=number, **{**rule, "when": conditions}))
    return tuple(made)


def at_noon(*overrides) -> Duty | None:
    return on_duty(roster(MORNING, overrides=overrides), "whatsapp", NOON)


def route(facts: dict[str, Any], *written: dict[str, Any], duty: Duty | None = None) -> Route:
    return choose(rules(*written), facts, duty or at_noon(), FALLBACK)


def said(chosen: Route, kind: ReasonKind) -> str:
    return next(reason.text for reason in chosen.reasons if reason.kind is kind)


def test_the_first_rule_that_matches_decides():
    billing = {"when": {"topic": ["refund", "billing_dispute"]}, "group": "Billing", "priority": "high"}
    anything = {"when": {"topic": "refund"}, "group": "Never"}

    chosen = route({"topic": "refund"}, billing, anything)

    assert (chosen.group, chosen.priority) == ("Billing", "high")
    assert said(chosen, ReasonKind.RULE) == "rule 1: topic is refund or billing_dispute"


def test_when_no_rule_matches_the_last_one_counts():
    chosen = route({"topic": "parcel"}, {"when": {"topic": "refund"}, "group": "Billing"})

    assert (chosen.group, chosen.policy, chosen.priority) == ("Support", "standard", "normal")
    assert chosen.has(ReasonKind.OTHERWISE)


def test_all_conditions_of_a_rule_must_hold():
    rule = {"when": {"topic": "refund", "customer.tier": "gold"}, "group": "Gold"}

    assert route({"topic": "refund", "customer": {"tier": "silver"}}, rule).group == "Support"
    assert route({"topic": "refund", "customer": {"tier": "gold"}}, rule).group == "Gold"


def test_a_rule_without_a_policy_takes_the_last_rule_s():
    chosen = route({"topic": "refund"}, {"when": {"topic": "refund"}, "owner": "meera"})

    assert chosen.policy == "standard"
    assert "names none" in said(chosen, ReasonKind.POLICY)


def test_the_owner_of_the_shift_gets_it_with_backup_lead_and_channel():
    chosen = route({})

    assert (chosen.owner, chosen.backup, chosen.lead) == ("asha", "ravi", "meera")
    assert (chosen.shift, chosen.card_channel) == ("morning", "C0MORNING")
    assert said(chosen, ReasonKind.SHIFT) == "asha holds the shift morning"


def test_an_override_is_the_reason_for_its_owner():
    stand_in = override(local("2026-11-02T09:00"), local("2026-11-02T17:00"), "meera", note="asha is ill")

    chosen = route({}, duty=at_noon(stand_in))

    assert chosen.owner == "meera"
    assert said(chosen, ReasonKind.OVERRIDE) == "meera stands in for the shift morning (asha is ill)"


@pytest.mark.parametrize(("owner", "backup"), [("meera", "ravi"), ("ravi", "asha")])
def test_a_rule_s_own_owner_counts_above_the_shift(owner, backup):
    chosen = route({"topic": "vip"}, {"when": {"topic": "vip"}, "owner": owner})

    assert (chosen.owner, chosen.backup, chosen.shift) == (owner, backup, "morning")
    assert said(chosen, ReasonKind.FIXED_OWNER) == f"rule 1 names the owner {owner}"


@pytest.mark.parametrize(("before", "backup"), [("asha", "ravi"), ("ravi", "asha"), ("leela", "asha")])
def test_whoever_had_it_before_has_it_again_with_the_shift_behind_them(before, backup):
    chosen = choose(rules(), {}, at_noon(), FALLBACK, again=before)

    assert (chosen.owner, chosen.backup, chosen.shift) == (before, backup, "morning")
    assert said(chosen, ReasonKind.AGAIN) == f"{before} had this conversation before and is on duty"
    assert not chosen.has(ReasonKind.SHIFT)


def test_a_rule_s_own_owner_counts_above_whoever_had_it_before():
    named = {"when": {"topic": "vip"}, "owner": "meera"}
    chosen = choose(rules(named), {"topic": "vip"}, at_noon(), FALLBACK, again="ravi")

    assert chosen.owner == "meera"
    assert not chosen.has(ReasonKind.AGAIN)


def test_fault_35_a_gap_has_no_owner_and_goes_to_the_lead():
    """Nobody is rostered when a handoff comes: it has no owner, and the lead is told at once."""
    chosen = choose(rules(), {}, None, FALLBACK)

    assert (chosen.owner, chosen.backup, chosen.shift) == (None, None, None)
    assert (chosen.lead, chosen.card_channel) == ("meera", "C0FALLBACK")
    assert said(chosen, ReasonKind.GAP) == "nobody is on duty; the lead meera is told"


def test_a_gap_on_a_desk_without_fallback_says_so():
    chosen = choose(rules(), {}, None, Fallback())

    assert (chosen.lead, chosen.card_channel) == (None, None)
    assert "no lead" in said(chosen, ReasonKind.GAP)
    assert "no channel" in said(chosen, ReasonKind.CARD_CHANNEL)


def test_a_rule_s_own_owner_is_not_a_gap():
    chosen = choose(rules({"when": {"topic": "vip"}, "owner": "ravi"}), {"topic": "vip"}, None, FALLBACK)

    assert chosen.owner == "ravi"
    assert not chosen.has(ReasonKind.GAP)


def test_a_rule_s_own_channel_counts_above_the_shift_s():
    chosen = route({"topic": "vip"}, {"when": {"topic": "vip"}, "card_channel": "C0VIP"})

    assert chosen.card_channel == "C0VIP"


def test_the_bot_s_group_counts_only_where_the_rule_names_none():
    facts = {"topic": "refund", "hints": {"group": "Returns"}}

    silent = route(facts, {"when": {"topic": "refund"}})
    firm = route(facts, {"when": {"topic": "refund"}, "group": "Billing"})

    assert (silent.group, firm.group) == ("Returns", "Billing")
    assert said(firm, ReasonKind.HINT) == "the bot proposed the group Returns; the rule decides"


def test_the_bot_s_owner_is_noted_and_does_not_count():
    chosen = route({"hints": {"owner": "ravi", "skill": "tamil"}})

    assert chosen.owner == "asha"
    hints = [reason.text for reason in chosen.reasons if reason.kind is ReasonKind.HINT]
    assert hints == [
        "the bot proposed the owner ravi; the desk decides",
        "the bot proposed the skill tamil; the desk decides",
    ]


@pytest.mark.parametrize("hint", [None, "", "  \n", 7, ["a", {"b": 1}], {"deep": "x"}])
def test_a_hint_that_is_no_line_of_text_is_left_out(hint):
    chosen = route({"topic": "refund", "hints": {"group": hint}}, {"when": {"topic": "refund"}})

    assert chosen.group == ("a" if isinstance(hint, list) else None)


def test_reasons_repeat_the_desk_s_words_and_not_the_customer_s():
    chosen = route({"topic": "REFUND", "customer": {"name": "Priya"}}, {"when": {"topic": "refund"}})

    texts = " ".join(reason.text for reason in chosen.reasons)
    assert "refund" in texts
    assert "REFUND" not in texts
    assert "Priya" not in texts


def test_every_part_of_a_route_has_its_reason():
    kinds = {reason.kind for reason in route({}).reasons}

    assert kinds == {
        ReasonKind.OTHERWISE,
        ReasonKind.GROUP,
        ReasonKind.SHIFT,
        ReasonKind.BACKUP,
        ReasonKind.PRIORITY,
        ReasonKind.POLICY,
        ReasonKind.CARD_CHANNEL,
    }


def test_a_route_comes_back_from_json_as_it_was():
    chosen, adapter = route({"topic": "refund"}), TypeAdapter(Route)

    assert adapter.validate_json(adapter.dump_json(chosen)) == chosen


def test_rules_without_one_for_all_others_are_refused():
    with pytest.raises(ValueError, match="for all others"):
        choose(rules({"when": {"topic": "refund"}})[:1], {}, None, FALLBACK)
    with pytest.raises(ValueError, match="for all others"):
        choose((), {}, None, FALLBACK)
