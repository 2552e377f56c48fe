"""An owner whom the chat cannot reach, or not now: somebody else is called sooner, by name."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bridge.handoffs import alerting, defects, lifecycle, owed, saying
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.change import Change
from bridge.roster.model import Person
from bridge.roster.on_duty import on_duty
from bridge.sla.model import StepKind

UNREACHABLE: Final = "owner_unreachable"  #: the event on the timeline
CALL_THE_BACKUP: Final = frozenset({StepKind.TAG_BACKUP, StepKind.REASSIGN_TO_BACKUP})


def owner_unreachable(change: Change) -> None:
    """The chat knows the owner no more: the backup has it at once; without one the lead hears of it."""
    owner = change.account.person(change.handoff.owner)
    if owner is None:
        return
    change.note(UNREACHABLE, actor=change.account.chat or "chat", owner=owner.key)
    defects.meets(change, about(owner), words(owner))
    backup = _backup(change)
    if backup is None or backup.key == owner.key:
        lifecycle.alarm(change, f"{owner.name} cannot be reached and has no backup: a customer is waiting.")
        return
    lifecycle.reassign(change, backup, actor="bridge")
    saying.under_the_card(change, f"It is yours: {owner.name} cannot be reached in the chat.", backup)


def owner_away(change: Change) -> None:
    """The owner stays the owner, is written to alone, and the time until the backup is called is halved."""
    owner = change.account.person(change.handoff.owner)
    if owner is None or change.account.chat is None:
        return
    sooner = _hasten_the_backup(change)
    change.note(
        "owner_away",
        actor=change.account.chat,
        owner=owner.key,
        backup_at=sooner.isoformat() if sooner else None,
    )
    if not alerting.is_quiet(change, owner):
        saying.alone(change, "You seem to be away, and this customer waits for you.", owner)


def about(person: Person) -> str:
    """Return the name under which it is kept that a person cannot be reached."""
    return f"person {person.key}"


def words(person: Person) -> str:
    return f"{person.name} is on the roster and cannot be reached in the chat: mend the desk file."


def _hasten_the_backup(change: Change) -> datetime | None:
    """Halve what is left of the first clock that calls the backup; None when there is none to halve."""
    ladder = change.handoff.policy.ladder
    rungs = [rung.number for rung in ladder if any(step.kind in CALL_THE_BACKUP for step in rung.steps)]
    waiting = next((clock for clock in owed.armed_after(change, PROMISE) if clock.rung in rungs), None)
    if waiting is None:
        return None
    sooner: datetime = change.now + (waiting.due_at - change.now) / 2
    owed.move_rung(change, waiting.rung, sooner)
    return sooner


def _backup(change: Change) -> Person | None:
    duty = on_duty(change.account.desk.roster, change.handoff.context.channel, change.now)
    return change.account.person(duty.backup if duty else None)
