"""The steps a rung can take. A new one is a member of `StepKind` and a function in the table below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bridge.handoffs import alerting, lifecycle, notices, notifying, owed
from bridge.handoffs.account import WEBHOOK
from bridge.handoffs.change import Change
from bridge.roster.model import Duty, Person
from bridge.roster.on_duty import on_duty
from bridge.sla.model import Rung, Step, StepKind

PRIORITIES: Final = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one step did: a sentence for the timeline, and whom it could call."""

    text: str
    calls_people: bool = False  #: the step is about calling somebody
    reached: bool = False  #: and there was somebody to call
    customer_text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A step at the moment its rung fires, with the people on duty then."""

    change: Change
    step: Step
    rung: int
    duty: Duty | None

    @property
    def owner(self) -> Person | None:
        return self._person(self.change.handoff.owner) or self._person(self.duty.owner if self.duty else None)

    @property
    def backup(self) -> Person | None:
        return self._person(self.duty.backup if self.duty else None)

    @property
    def called(self) -> Person | None:
        """Whom the step calls beside the owner; None for nobody, and for steps that call nobody."""
        match self.step.kind:
            case StepKind.TAG_BACKUP | StepKind.REASSIGN_TO_BACKUP:
                return self.backup
            case StepKind.TAG_LEAD:
                return self.lead
            case StepKind.PAGE:
                return self.paged
            case _:
                return None

    @property
    def lead(self) -> Person | None:
        on_duty = self.duty.lead if self.duty else None
        return self._person(on_duty) or self._person(self.change.account.desk.fallback.lead)

    @property
    def paged(self) -> Person | None:
        """Whom the step's target names: a role of the shift, or a person."""
        by_role = {"owner": self.owner, "backup": self.backup, "lead": self.lead}
        target = self.step.target or ""
        return by_role[target] if target in by_role else self._person(target)

    def _person(self, key: str | None) -> Person | None:
        return self.change.account.person(key)


def take_step(change: Change, step: Step, rung: int, duty: Duty | None) -> Outcome:
    """Owe what `step` asks for. `duty` is who is on duty now, None for nobody."""
    return STEPS[step.kind](Moment(change=change, step=step, rung=rung, duty=duty))


def _remind_owner(moment: Moment) -> Outcome:
    owner = moment.owner
    directly = owner is not None and alerting.wants_reminders(moment.change, owner, moment.duty)
    return _call(moment, owner, "owner", "This customer is still waiting for you.", directly=directly)


def _tag_backup(moment: Moment) -> Outcome:
    return _call(moment, moment.backup, "backup", "Please step in: the customer has no answer yet.")


def _tag_lead(moment: Moment) -> Outcome:
    return _call(moment, moment.lead, "lead", "The promise to this customer is not being kept.")


def _page(moment: Moment) -> Outcome:
    return _call(
        moment, moment.paged, moment.step.target or "", "You are needed: nobody has answered.", directly=True
    )


def _reassign_to_backup(moment: Moment) -> Outcome:
    backup = moment.backup
    if backup is None or backup.key == moment.change.handoff.owner:
        return Outcome(text="no backup to give it to", calls_people=True)
    lifecycle.reassign(moment.change, backup, actor="clock", rung=moment.rung)
    return _call(moment, backup, "backup", "It is yours now.")


def _raise_priority(moment: Moment) -> Outcome:
    change = moment.change
    now = PRIORITIES.index(change.handoff.route.priority)
    higher = PRIORITIES[min(now + 1, len(PRIORITIES) - 1)]
    if higher == change.handoff.route.priority:
        return Outcome(text="priority is as high as it goes")
    change.become(route=replace(change.handoff.route, priority=higher))
    lifecycle.change_ticket(change, priority=higher, rung=moment.rung)
    return Outcome(text=f"priority raised to {higher}")


def _move_group(moment: Moment) -> Outcome:
    group = moment.step.target
    moment.change.become(route=replace(moment.change.handoff.route, group=group))
    lifecycle.change_ticket(moment.change, group=group, rung=moment.rung)
    return Outcome(text=f"moved to {group}")


def _tell_customer(moment: Moment) -> Outcome:
    change = moment.change
    if not change.handoff.context.callback_url:
        return Outcome(text="the bot gave no address to tell the customer through")
    told = notices.late(change.account, change.handoff, change.now, _next_call_at(moment))
    return Outcome(text="the customer is told", customer_text=told)


def _call_webhook(moment: Moment) -> Outcome:
    moment.change.owe(
        "webhook", WEBHOOK, payload={"url": moment.step.target, "rung": moment.rung}, rung=moment.rung
    )
    return Outcome(text="webhook called")


STEPS: Final[Mapping[StepKind, Callable[[Moment], Outcome]]] = {
    StepKind.REMIND_OWNER: _remind_owner,
    StepKind.TAG_BACKUP: _tag_backup,
    StepKind.TAG_LEAD: _tag_lead,
    StepKind.PAGE: _page,
    StepKind.REASSIGN_TO_BACKUP: _reassign_to_backup,
    StepKind.RAISE_PRIORITY: _raise_priority,
    StepKind.MOVE_GROUP: _move_group,
    StepKind.TELL_CUSTOMER: _tell_customer,
    StepKind.CALL_WEBHOOK: _call_webhook,
}


def _next_call_at(moment: Moment) -> datetime | None:
    """Return when the ladder next calls somebody whom it has not called by now; None where it does not.

    Only what is armed counts, and only whom the roster has on duty at that time and something can reach.
    """
    change, ladder = moment.change, moment.change.handoff.policy.ladder
    known = {change.handoff.owner, change.handoff.route.owner}
    for rung in ladder:
        if rung.number <= moment.rung:
            known |= {person.key for person in _called_by(change, rung, moment.duty)}
    for due in owed.armed_after(change, moment.rung):
        rung = next(rung for rung in ladder if rung.number == due.rung)
        duty = on_duty(change.account.desk.roster, change.handoff.context.channel, due.due_at)
        called = _called_by(change, rung, duty)
        if any(person.key not in known and (change.account.chat or person.notify) for person in called):
            at: datetime = due.due_at
            return at
    return None


def _called_by(change: Change, rung: Rung, duty: Duty | None) -> list[Person]:
    """Return whom the rung's steps call beside the owner, with these people on duty."""
    moments = (Moment(change=change, step=step, rung=rung.number, duty=duty) for step in rung.steps)
    return [person for moment in moments if (person := moment.called)]


def _call(moment: Moment, person: Person | None, role: str, text: str, *, directly: bool = False) -> Outcome:
    """Tag `person` under the card, and write to them alone where the step is about them `directly`."""
    if person is None:
        return Outcome(text=f"no {role} on duty to call", calls_people=True)
    change, chat = moment.change, moment.change.account.chat
    notified = notifying.owe(change, person, text, moment.rung)
    if chat is None and notified:
        return Outcome(text=f"{role} {person.first_name} notified", calls_people=True, reached=True)
    if chat is None:
        return Outcome(text=f"no chat to call {person.first_name} through", calls_people=True)
    payload = {"text": text, "tag": [person.key]}
    lane = change.handoff.card.channel if change.handoff.card else change.handoff.route.card_channel or ""
    change.owe("thread_note", chat, payload=payload, lane=lane, rung=moment.rung)
    if directly:
        change.owe("direct_message", chat, payload={"text": text, "to": person.key}, rung=moment.rung)
    return Outcome(text=f"{role} {person.first_name} called", calls_people=True, reached=True)
