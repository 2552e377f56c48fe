"""What a person is asked before an action from the chat. Every word of the customer in it is masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from bridge.handoffs.account import Account
from bridge.handoffs.handing_over import could_have_it, other_groups
from bridge.handoffs.model import Handoff
from bridge.handoffs.rating import Verdict
from bridge.handoffs.redaction import mask
from bridge.handoffs.returning import IN_WORDS
from bridge.handoffs.snoozing import SNOOZES
from bridge.handoffs.summary import two_lines
from bridge.roster.model import Person
from connectors.chat import Action, Choice, Dialog, DialogField, FieldKind

#: characters of a reply; a longer one is better written in the helpdesk, and must fit what the chat carries along
LONGEST_REPLY: Final = 2_000
MOST_CHOICES: Final = 100

#: names of fields
TEXT: Final = "text"
PERSON: Final = "person"
GROUP: Final = "group"
REASON: Final = "reason"
MINUTES: Final = "minutes"
OUTCOME: Final = "outcome"
#: names of what a dialog carries along
AUTHOR: Final = "author"
VERDICT: Final = "verdict"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who is asked, and about which handoff."""

    account: Account
    handoff: Handoff
    by: Person


def reply(asked: Asked) -> Dialog:
    return Dialog(
        action=Action.REPLY,
        handoff_id=asked.handoff.handoff_id,
        title="Reply to customer",
        submit="Preview",
        lines=(*two_lines(asked.handoff.summary), _addressed(asked)),
        fields=(DialogField(name=TEXT, label="Your answer", kind=FieldKind.TEXT, longest=LONGEST_REPLY),),
    )


def confirm_reply(asked: Asked, text: str) -> Dialog:
    """Return the last look: exactly what the customer will read, and where."""
    return Dialog(
        action=Action.SEND_REPLY,
        handoff_id=asked.handoff.handoff_id,
        title="Send this?",
        submit="Send",
        lines=(f"{_addressed(asked)} The customer will read exactly this:",),
        quoted=text,
        kept={TEXT: text},
    )


def note(asked: Asked) -> Dialog:
    return Dialog(
        action=Action.NOTE,
        handoff_id=asked.handoff.handoff_id,
        title="Private note",
        submit="Add note",
        lines=("The team reads it on the ticket. The customer never does.",),
        fields=(DialogField(name=TEXT, label="Note", kind=FieldKind.TEXT, longest=LONGEST_REPLY),),
    )


def hand_over(asked: Asked) -> Dialog:
    people = could_have_it(asked.account, asked.handoff)[:MOST_CHOICES]
    return Dialog(
        action=Action.HAND_OVER,
        handoff_id=asked.handoff.handoff_id,
        title="Hand over",
        submit="Hand over",
        lines=(_promise(asked),),
        fields=(
            DialogField(
                name=PERSON,
                label="To whom",
                kind=FieldKind.CHOICE,
                choices=tuple(Choice(value=person.key, label=person.name) for person in people),
            ),
            DialogField(
                name=REASON,
                label="What they should know",
                kind=FieldKind.TEXT,
                required=False,
                hint="Shown under the card, with private data masked.",
            ),
        ),
    )


def wrong_team(asked: Asked) -> Dialog | str:
    groups = other_groups(asked.account, asked.handoff)[:MOST_CHOICES]
    if not groups:
        return "The desk names no other team."
    return Dialog(
        action=Action.WRONG_TEAM,
        handoff_id=asked.handoff.handoff_id,
        title="Wrong team",
        submit="Move it",
        lines=(f"Now with {asked.handoff.route.group or 'no team'}. {_promise(asked)}",),
        fields=(
            DialogField(
                name=GROUP,
                label="The right team",
                kind=FieldKind.CHOICE,
                choices=tuple(Choice(value=group, label=group) for group in groups),
            ),
            DialogField(name=REASON, label="Why", kind=FieldKind.LINE),
        ),
    )


def snooze(asked: Asked) -> Dialog:
    choices = tuple(Choice(value=str(minutes), label=f"{minutes} minutes") for minutes in SNOOZES)
    return Dialog(
        action=Action.SNOOZE,
        handoff_id=asked.handoff.handoff_id,
        title="Snooze",
        submit="Snooze",
        lines=(f"Nobody is reminded meanwhile. {_promise(asked)}",),
        fields=(
            DialogField(name=MINUTES, label="For how long", kind=FieldKind.CHOICE, choices=choices),
            DialogField(name=REASON, label="Why", kind=FieldKind.LINE),
        ),
    )


def resolve(asked: Asked) -> Dialog:
    choices = tuple(
        Choice(value=outcome.value, label=said.capitalize()) for outcome, said in IN_WORDS.items()
    )
    return Dialog(
        action=Action.RESOLVE,
        handoff_id=asked.handoff.handoff_id,
        title="Resolve",
        submit="Give it back",
        lines=("The ticket is solved and the bot has the conversation again.",),
        fields=(
            DialogField(name=OUTCOME, label="How it ended", kind=FieldKind.CHOICE, choices=choices),
            DialogField(
                name=REASON,
                label="Anything to add",
                kind=FieldKind.TEXT,
                required=False,
                hint="The team reads it on the ticket.",
            ),
        ),
    )


def remark(asked: Asked, verdict: Verdict) -> Dialog:
    questions = {
        Verdict.HELPED: "What helped most?",
        Verdict.FAILED: "What was wrong or missing?",
        Verdict.RE_ASKED: "What did you have to ask again?",
    }
    return Dialog(
        action=Action.REMARK,
        handoff_id=asked.handoff.handoff_id,
        title="Noted, thank you",
        submit="Add",
        lines=("It is kept already. Add a line if you like, or just close this.",),
        fields=(
            DialogField(
                name=TEXT, label=questions[verdict], kind=FieldKind.LINE, required=False, longest=200
            ),
        ),
        kept={VERDICT: verdict.value},
    )


def _addressed(asked: Asked) -> str:
    """Tell whom an answer reaches, on which channel, and in whose name."""
    handoff = asked.handoff
    name = (handoff.context.customer.name or "").split()
    customer = name[0] if name and mask(name[0]) == name[0] else "the customer"
    way = handoff.context.channel if handoff.context.callback_url else "the helpdesk's own mail or chat"
    ticket = f"ticket {handoff.ticket.id}" if handoff.ticket else "the ticket, once it is open"
    return f"To {customer} by {way}, from {asked.by.name}, through {ticket}."


def _promise(asked: Asked) -> str:
    by = asked.handoff.promised_at.astimezone(ZoneInfo(asked.account.desk.zone))
    return f"The promise to the customer runs on: an answer by {by:%H:%M} ({by.tzname()})."
