"""What each action from the chat does. A new one is a member of `Action` and a line in the table below.

An action that asks something first has a dialog; what is entered there comes back as the same action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bridge.handoffs import escalating, handing_over, lifecycle, rating, replying, snoozing
from bridge.handoffs.change import Change
from bridge.handoffs.rating import Verdict
from bridge.handoffs.returning import Outcome, give_back
from bridge.inbound import dialogs
from bridge.inbound.dialogs import Asked
from bridge.roster.model import Person
from connectors.chat import Action, Dialog, Press, PressAnswer

STRANGER: Final = "Only people of this desk can do that. Ask your lead to add you to the desk."
DONE: Final = PressAnswer()


@dataclass(frozen=True, kw_only=True, slots=True)
class Doing:
    """One person about one handoff, with what they pressed or entered."""

    change: Change
    by: Person
    press: Press

    @property
    def asked(self) -> Asked:
        return Asked(account=self.change.account, handoff=self.change.handoff, by=self.by)

    def entered(self, name: str) -> str:
        """Return what a field holds, trimmed; empty where nothing was entered."""
        return (self.press.entered or {}).get(name, "").strip()


#: returns the dialog, or why there is none
Ask = Callable[[Asked], Dialog | str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    perform: Callable[[Doing], PressAnswer]
    ask: Ask | None = None  #: what is asked first; None for an action that needs nothing more


def act(change: Change, by: Person | None, press: Press) -> PressAnswer:
    """Do what was pressed, or answer with what must be asked first. `by` is None for a stranger."""
    if by is None:
        return PressAnswer(text=STRANGER)
    doing, known = Doing(change=change, by=by, press=press), ACTS[press.action]
    if known.ask is None or press.from_dialog:
        return known.perform(doing)
    asked = known.ask(doing.asked)
    return PressAnswer(text=asked) if isinstance(asked, str) else PressAnswer(dialog=asked)


def _claim(doing: Doing) -> PressAnswer:
    change = doing.change
    if lifecycle.claim(change, doing.by, change.now):
        return DONE
    holder = change.account.person(change.handoff.claimed_by)
    return PressAnswer(text=f"{holder.name} has it already." if holder else handing_over.OVER)


def _preview(doing: Doing) -> PressAnswer:
    text = doing.entered(dialogs.TEXT)
    if not text:
        return PressAnswer(problems={dialogs.TEXT: "Write what the customer is to read."})
    return PressAnswer(dialog=dialogs.confirm_reply(doing.asked, text))


def _send(doing: Doing) -> PressAnswer:
    text = doing.press.kept.get(dialogs.TEXT, "")
    return _told(replying.write_on_ticket(doing.change, doing.by, text, public=True))


def _note(doing: Doing) -> PressAnswer:
    text = doing.entered(dialogs.TEXT)
    if not text:
        return PressAnswer(problems={dialogs.TEXT: "Write the note first."})
    return _told(replying.write_on_ticket(doing.change, doing.by, text, public=False))


def _hand_over(doing: Doing) -> PressAnswer:
    to = doing.change.account.person(doing.entered(dialogs.PERSON))
    if to is None:
        return PressAnswer(problems={dialogs.PERSON: "The desk does not know this person any more."})
    words = doing.entered(dialogs.REASON) or None
    return _at(dialogs.PERSON, handing_over.hand_over(doing.change, doing.by, to, words))


def _wrong_team(doing: Doing) -> PressAnswer:
    group, reason = doing.entered(dialogs.GROUP), doing.entered(dialogs.REASON)
    if group not in handing_over.other_groups(doing.change.account, doing.change.handoff):
        return PressAnswer(
            problems={dialogs.GROUP: "The desk has no such team, or it has the handoff already."}
        )
    if not reason:
        return PressAnswer(problems={dialogs.REASON: "Say why, so that the next one goes there at once."})
    return _told(handing_over.wrong_team(doing.change, doing.by, group, reason))


def _snooze(doing: Doing) -> PressAnswer:
    minutes, reason = doing.entered(dialogs.MINUTES), doing.entered(dialogs.REASON)
    if minutes not in map(str, snoozing.SNOOZES):
        return PressAnswer(problems={dialogs.MINUTES: "Choose one of the times."})
    if not reason:
        return PressAnswer(problems={dialogs.REASON: "Say why the reminders may wait."})
    wait = timedelta(minutes=int(minutes))
    return _at(dialogs.MINUTES, snoozing.snooze(doing.change, doing.by, wait, reason))


def _escalate(doing: Doing) -> PressAnswer:
    return _told(escalating.escalate_now(doing.change, doing.by))


def _resolve(doing: Doing) -> PressAnswer:
    chosen, words = doing.entered(dialogs.OUTCOME), doing.entered(dialogs.REASON) or None
    if chosen not in set(Outcome):
        return PressAnswer(problems={dialogs.OUTCOME: "Choose one of the outcomes."})
    return _at(dialogs.OUTCOME, give_back(doing.change, doing.by, Outcome(chosen), words))


def _rate(verdict: Verdict) -> Callable[[Doing], PressAnswer]:
    def perform(doing: Doing) -> PressAnswer:
        rating.rate(doing.change, doing.by, verdict)
        return PressAnswer(dialog=dialogs.remark(doing.asked, verdict))

    return perform


def _remark(doing: Doing) -> PressAnswer:
    words = doing.entered(dialogs.TEXT)
    if words:
        rating.remark(doing.change, doing.by, Verdict(doing.press.kept[dialogs.VERDICT]), words)
    return DONE


def _told(why_not: str | None) -> PressAnswer:
    return PressAnswer(text=why_not)


def _at(name: str, why_not: str | None) -> PressAnswer:
    """Show at a field why nothing happened."""
    return PressAnswer(problems={name: why_not}) if why_not else DONE


ACTS: Final[Mapping[Action, Act]] = {
    Action.CLAIM: Act(perform=_claim),
    Action.REPLY: Act(perform=_preview, ask=dialogs.reply),
    Action.SEND_REPLY: Act(perform=_send),
    Action.NOTE: Act(perform=_note, ask=dialogs.note),
    Action.HAND_OVER: Act(perform=_hand_over, ask=dialogs.hand_over),
    Action.WRONG_TEAM: Act(perform=_wrong_team, ask=dialogs.wrong_team),
    Action.SNOOZE: Act(perform=_snooze, ask=dialogs.snooze),
    Action.ESCALATE: Act(perform=_escalate),
    Action.RESOLVE: Act(perform=_resolve, ask=dialogs.resolve),
    Action.CONTEXT_HELPED: Act(perform=_rate(Verdict.HELPED)),
    Action.CONTEXT_FAILED: Act(perform=_rate(Verdict.FAILED)),
    Action.RE_ASKED: Act(perform=_rate(Verdict.RE_ASKED)),
    Action.REMARK: Act(perform=_remark),
}
