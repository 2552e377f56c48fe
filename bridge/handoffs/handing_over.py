"""Passing a handoff on, to a colleague or to another team. The promise to the customer runs on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.handoffs import lifecycle, saying
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change
from bridge.handoffs.model import Handoff
from bridge.handoffs.redaction import mask
from bridge.roster.model import Person
from bridge.roster.on_duty import on_duty
from bridge.routing.model import Reason, ReasonKind

OVER: Final = "It is over: nobody waits for an answer here any more."
#: the event that counts against the skill match: a person had to choose the group anew
REROUTED: Final = "rerouted"


def could_have_it(account: Account, handoff: Handoff) -> tuple[Person, ...]:
    """Return everybody of the desk but the one who has it, those of its channel's roster first."""
    roster = account.desk.roster
    shifts = [shift for shift in roster.shifts if handoff.context.channel in shift.channels]
    near = {key for shift in shifts for key in (*shift.owners, shift.backup, shift.lead) if key}
    others = [person for key, person in account.desk.people.items() if key != handoff.owner]
    return tuple(sorted(others, key=lambda person: (person.key not in near, person.name.casefold())))


def hand_over(change: Change, by: Person, to: Person, words: str | None) -> str | None:
    """Give it to `to`; ticket, card and clocks follow. Return why that did nothing, None when it did.

    `words` are what `by` wants `to` to know; they are shown masked.
    """
    if not change.handoff.is_open:
        return OVER
    if change.handoff.owner == to.key:
        return f"{to.first_name} has it already."
    lifecycle.reassign(change, to, actor=by.key, reason=words)
    line = f"{by.first_name} hands it over to you"
    saying.under_the_card(change, f"{line}: {mask(words)}" if words else f"{line}.", to)
    return None


def other_groups(account: Account, handoff: Handoff) -> tuple[str, ...]:
    """Return the groups that the desk's routes name, but the one that has it."""
    groups = dict.fromkeys(rule.group for rule in account.desk.routes if rule.group)
    return tuple(group for group in groups if group != handoff.route.group)


def wrong_team(change: Change, by: Person, group: str, reason: str) -> str | None:
    """Route it anew to `group`, whose rule may name an owner. Return why that did nothing, None when it did."""
    handoff = change.handoff
    if not handoff.is_open:
        return OVER
    if handoff.route.group == group:
        return f"{group} has it already."
    why = Reason(kind=ReasonKind.GROUP, text=f"{by.first_name} chose the group {group}")
    route = replace(handoff.route, group=group, reasons=(*handoff.route.reasons, why))
    change.become(route=route)
    change.note(REROUTED, actor=by.key, before=handoff.route.group, group=group, reason=reason)
    lifecycle.change_ticket(change, group=group)
    owner = _owner_of(change, group)
    if owner and owner.key != handoff.owner:
        lifecycle.reassign(change, owner, actor=by.key, reason=reason)
    lifecycle.show(change)
    line = f"{by.first_name} moved it to {group}: {mask(reason)}"
    saying.under_the_card(change, line, *([owner] if owner else []))
    return None


def _owner_of(change: Change, group: str) -> Person | None:
    """Return whom the group's rule names, else who is on duty now; None on a gap."""
    account, handoff = change.account, change.handoff
    rules = [rule for rule in account.desk.routes if rule.group == group]
    named = next((rule.owner for rule in rules if rule.owner), None)
    duty = on_duty(account.desk.roster, handoff.context.channel, change.now)
    return account.person(named) or account.person(duty.owner if duty else None)
