"""The walk over the desk's rules to one handoff's route, with a reason for each part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.roster.model import Duty
from bridge.routing.facts import facts_at, holds
from bridge.routing.model import Fallback, Reason, ReasonKind, Route, RouteRule

DEFAULT_PRIORITY = "normal"
LONGEST_HINT = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """One part of a route, or of who gets it, and what it rests on."""

    value: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _People:
    owner: str | None
    backup: str | None
    lead: str | None
    reasons: tuple[Reason, ...]


def choose(
    rules: Sequence[RouteRule],
    facts: Mapping[str, Any],
    duty: Duty | None,
    fallback: Fallback,
    *,
    again: str | None = None,
) -> Route:
    """Return where a handoff goes.

    `facts` is the handoff's whole document; `duty` is who holds its channel now, None on a gap. `again` is who
    had the conversation before and is on duty too, None for nobody: they have it again, unless a rule names the owner.
    The first rule whose conditions all hold decides; the last rule is for all others, and its
    policy counts where the one that decides names none. Raises ValueError when the last rule has a condition
    or names no policy, which no desk that was read can bring about.
    """
    if not rules or rules[-1].when or rules[-1].policy is None:
        raise ValueError("the last rule must be for all others and name a policy")
    rule = next(rule for rule in rules if all(holds(condition, facts) for condition in rule.when))
    group, people = _group(rule, facts), _people(rule, duty, fallback, again)
    card_channel, policy = _card_channel(rule, duty, fallback), _policy(rule, rules[-1].policy)
    priority = rule.priority or DEFAULT_PRIORITY
    return Route(
        group=group.value,
        priority=priority,
        policy=rule.policy or rules[-1].policy,
        card_channel=card_channel.value,
        owner=people.owner,
        backup=people.backup,
        lead=people.lead,
        shift=duty.shift if duty else None,
        reasons=(
            _matched(rule),
            *group.reasons,
            *people.reasons,
            _priority(rule, priority),
            policy,
            *card_channel.reasons,
            *_unused_hints(facts),
        ),
    )


def _matched(rule: RouteRule) -> Reason:
    if not rule.when:
        return Reason(kind=ReasonKind.OTHERWISE, text=f"rule {rule.number}: no other rule matched")
    conditions = " and ".join(str(condition) for condition in rule.when)
    return Reason(kind=ReasonKind.RULE, text=f"rule {rule.number}: {conditions}")


def _group(rule: RouteRule, facts: Mapping[str, Any]) -> _Decided:
    hint = _hint("group", facts)
    if rule.group is not None:
        reason = Reason(kind=ReasonKind.GROUP, text=f"rule {rule.number} names the group {rule.group}")
        overruled = Reason(kind=ReasonKind.HINT, text=f"the bot proposed the group {hint}; the rule decides")
        return _Decided(value=rule.group, reasons=(reason, overruled) if hint else (reason,))
    if hint is not None:
        text = f"the bot proposed the group {hint}, and rule {rule.number} names none"
        return _Decided(value=hint, reasons=(Reason(kind=ReasonKind.HINT, text=text),))
    text = f"rule {rule.number} names no group: the helpdesk's default"
    return _Decided(value=None, reasons=(Reason(kind=ReasonKind.GROUP, text=text),))


def _people(rule: RouteRule, duty: Duty | None, fallback: Fallback, again: str | None) -> _People:
    lead = (duty.lead if duty else None) or fallback.lead
    if rule.owner is not None:
        return _fixed(rule, rule.owner, duty, lead)
    if duty is None:
        then = f"the lead {lead} is told" if lead else "the desk names no lead either"
        reason = Reason(kind=ReasonKind.GAP, text=f"nobody is on duty; {then}")
        return _People(owner=None, backup=None, lead=lead, reasons=(reason,))
    if again is not None:
        return _again(again, duty, lead)
    return _People(
        owner=duty.owner, backup=duty.backup, lead=lead, reasons=(_on_duty(duty), _behind(duty.backup))
    )


def _again(owner: str, duty: Duty, lead: str | None) -> _People:
    """Return whoever had it before, backed by the shift's owner, or by its backup where they are the same."""
    backup = duty.backup if owner == duty.owner else duty.owner
    reason = Reason(kind=ReasonKind.AGAIN, text=f"{owner} had this conversation before and is on duty")
    return _People(owner=owner, backup=backup, lead=lead, reasons=(reason, _behind(backup)))


def _fixed(rule: RouteRule, owner: str, duty: Duty | None, lead: str | None) -> _People:
    """Return a rule's own owner, backed by the shift's backup, or its owner where they are the same."""
    candidates = (duty.backup, duty.owner) if duty else ()
    backup = next((person for person in candidates if person and person != owner), None)
    reason = Reason(kind=ReasonKind.FIXED_OWNER, text=f"rule {rule.number} names the owner {owner}")
    return _People(owner=owner, backup=backup, lead=lead, reasons=(reason, _behind(backup)))


def _on_duty(duty: Duty) -> Reason:
    shift = f"the shift {duty.shift}" if duty.shift else "a time outside every shift"
    if duty.override is None:
        return Reason(kind=ReasonKind.SHIFT, text=f"{duty.owner} holds {shift}")
    note = f" ({duty.override.note})" if duty.override.note else ""
    return Reason(kind=ReasonKind.OVERRIDE, text=f"{duty.owner} stands in for {shift}{note}")


def _behind(backup: str | None) -> Reason:
    return Reason(kind=ReasonKind.BACKUP, text=f"{backup} is the backup" if backup else "there is no backup")


def _priority(rule: RouteRule, priority: str) -> Reason:
    said = f"rule {rule.number} says so" if rule.priority else f"rule {rule.number} says nothing"
    return Reason(kind=ReasonKind.PRIORITY, text=f"priority {priority}: {said}")


def _policy(rule: RouteRule, last: str) -> Reason:
    text = f"policy {rule.policy}: rule {rule.number} says so"
    if rule.policy is None:
        text = f"policy {last}: rule {rule.number} names none, so that of the last rule counts"
    return Reason(kind=ReasonKind.POLICY, text=text)


def _card_channel(rule: RouteRule, duty: Duty | None, fallback: Fallback) -> _Decided:
    shift = duty.card_channel if duty else None
    if rule.card_channel:
        text = f"rule {rule.number} names the channel of the card"
    elif shift and duty:
        text = f"the channel of the shift {duty.shift}"
    elif fallback.card_channel:
        text = "the fallback channel: no shift names one"
    else:
        text = "no channel is known for the card"
    value = rule.card_channel or shift or fallback.card_channel
    return _Decided(value=value, reasons=(Reason(kind=ReasonKind.CARD_CHANNEL, text=text),))


def _unused_hints(facts: Mapping[str, Any]) -> tuple[Reason, ...]:
    proposed = ((name, _hint(name, facts)) for name in ("owner", "skill"))
    return tuple(
        Reason(kind=ReasonKind.HINT, text=f"the bot proposed the {name} {hint}; the desk decides")
        for name, hint in proposed
        if hint
    )


def _hint(name: str, facts: Mapping[str, Any]) -> str | None:
    """Return a hint of the bot as one short line, or None when it gave none that can be used."""
    hint = next((fact for fact in facts_at(f"hints.{name}", facts) if isinstance(fact, str)), "")
    return " ".join(hint.split())[:LONGEST_HINT] or None
