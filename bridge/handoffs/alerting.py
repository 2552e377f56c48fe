"""Direct messages as each person wants them.

A rule is about messages to that person alone. What stands under a card tags them whatever their rules, so a
rung reaches them in any case; a page is never held back. In quiet hours nothing is put off: by the morning the
ladder has called somebody else, and a card still says what waits.
"""

from __future__ import annotations

from bridge.handoffs import saying
from bridge.handoffs.change import Change
from bridge.roster.alerts import AlertRules
from bridge.roster.model import Duty, Person
from bridge.roster.on_duty import on_duty


def wants_reminders(change: Change, person: Person, duty: Duty | None) -> bool:
    """Return whether the ladder's reminders go to this person directly, too. `duty` is who is on duty now."""
    return _rules(change, person).reminders and not _is_quiet(change, person, duty)


def is_quiet(change: Change, person: Person) -> bool:
    """Return whether these are quiet hours of somebody who is not on duty for this handoff."""
    return _is_quiet(change, person, _duty(change)) if _rules(change, person).quiet else False


def became_theirs(change: Change, person: Person) -> None:
    """Write to the new owner, where that is their wish."""
    rules = _rules(change, person)
    if rules.mine and not _is_quiet(change, person, _duty(change)):
        saying.by_rule(change, "This one is yours now.", person)


def _is_quiet(change: Change, person: Person, duty: Duty | None) -> bool:
    """A promise that is made while a person is on duty comes before their quiet hours."""
    quiet = _rules(change, person).quiet
    answering = {duty.owner, duty.backup, duty.lead} if duty else set()
    return quiet is not None and change.now in quiet and person.key not in answering


def _duty(change: Change) -> Duty | None:
    return on_duty(change.account.desk.roster, change.handoff.context.channel, change.now)


def _rules(change: Change, person: Person) -> AlertRules:
    return change.account.alerts.get(person.key) or AlertRules()
