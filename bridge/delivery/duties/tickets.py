"""The ticket: open it, change it, read back what people did with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs import defects, lifecycle
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change
from bridge.handoffs.document import document
from bridge.handoffs.lifecycle import TURNS
from bridge.handoffs.model import Handoff, Outcome, TicketRef
from bridge.handoffs.returning import IN_WORDS
from bridge.handoffs.rows import TICKET
from bridge.handoffs.summary import two_lines
from bridge.inbound.history import MESSAGE, heard, told_by
from bridge.inbound.tickets import owe_reading, owe_reading_if_heard_of
from connectors.base import Comment, Note, Priority, TicketChange, TicketDraft, TicketHistory, TicketOutcome
from connectors.errors import Rejected

SUBJECT_LENGTH = 120
#: how long a message may wait for what is attached to it, once a reading has failed
READ_WITHIN = timedelta(minutes=1)


def open_ticket(job: Job, bench: Workbench) -> Paid:
    handoff = bench.the_handoff()
    if handoff.ticket:
        return Paid(pointless="the ticket is there")
    outcome = bench.helpdesks[job.connection].open_ticket(_draft(bench.account, handoff), job.once)
    return Paid(effect=lambda change: _ticketed(change, outcome))


def update_ticket(job: Job, bench: Workbench) -> Paid:
    handoff = bench.the_handoff()
    if handoff.ticket is None and "comment" in job.payload:
        raise Rejected(job.connection, "there is no ticket to write on")
    if handoff.ticket is None:
        return Paid(pointless="there is no ticket to change")
    change = _ticket_change(bench.account, handoff, job.payload)
    outcome = bench.helpdesks[job.connection].update_ticket(handoff.ticket, change, job.once)
    if outcome.ref == handoff.ticket and not (outcome.problems or outcome.misrouted or outcome.said):
        return Paid()  # it is where it was, and as it was wanted
    return Paid(effect=lambda change: _updated(change, outcome))


def read_ticket(job: Job, bench: Workbench) -> Paid:
    """Read the handoff's ticket; or a former one, which it left while something may have been unread there."""
    former = job.payload.get("former")
    ticket = TICKET.validate_python(former) if former else bench.the_handoff().ticket
    if ticket is None:
        return Paid(pointless="there is no ticket to read")
    helpdesk = bench.helpdesks[job.connection]
    history = helpdesk.history(ticket)
    return Paid(effect=lambda change: told_by(change, history, ticket, helpdesk.vendor))


def read_message(job: Job, bench: Workbench) -> Paid:
    """Read a message again on the ticket, whose webhook left open what is attached to it, and pass it on."""
    ticket = bench.the_handoff().ticket
    too_long = job.first_tried_at is not None and bench.now - job.first_tried_at > READ_WITHIN
    if ticket is None or too_long:
        return Paid(effect=lambda change: pass_on_unread(change, job))
    helpdesk = bench.helpdesks[job.connection]
    history = helpdesk.history(ticket)
    return Paid(effect=lambda change: _read_whole(change, job, history, ticket, helpdesk.vendor))


def pass_on_unread(change: Change, job: Job) -> None:
    """Pass on a message as its webhook told it: without what may be attached rather than not at all."""
    heard(change, MESSAGE.validate_python(job.payload["message"]))


def _read_whole(change: Change, job: Job, history: TicketHistory, ticket: TicketRef, vendor: str) -> None:
    told_by(change, history, ticket, vendor)
    pass_on_unread(change, job)  # where the ticket does not show it, or not any more


def _ticketed(change: Change, outcome: TicketOutcome) -> None:
    lifecycle.ticketed(change, outcome.ref, outcome.problems)
    _note_problems(change, outcome)
    if outcome.found:
        owe_reading(change, outcome.ref)  # it has been there for a while: people may have answered on it
    else:
        owe_reading_if_heard_of(change, outcome.ref)


def _updated(change: Change, outcome: TicketOutcome) -> None:
    before = change.handoff.ticket
    lifecycle.moved(change, outcome.ref)
    if before and change.handoff.ticket != before:
        lifecycle.read_former(change, before)
    if outcome.problems:
        change.note("ticket_changed", actor="bridge", problems=list(outcome.problems))
    _note_problems(change, outcome)
    if outcome.said:
        heard(change, outcome.said)


def _note_problems(change: Change, outcome: TicketOutcome) -> None:
    """Something of the ticket had to be left out: the admin hears of each such thing once."""
    if outcome.misrouted:
        lifecycle.misrouted(change)
    for problem in outcome.problems:
        defects.meets(
            change, f"{outcome.ref.connection}: {problem}", f"Tickets are not as planned: {problem}."
        )


def _draft(account: Account, handoff: Handoff) -> TicketDraft:
    context = handoff.context
    return TicketDraft(
        handoff_id=handoff.handoff_id,
        subject=_subject(handoff),
        customer=context.customer,
        group=handoff.route.group,
        # On a roster gap the lead has the ticket, so that it is somebody's.
        assignee=account.person(handoff.owner or handoff.route.lead),
        priority=Priority(handoff.route.priority),
        tags=_tags(handoff),
        document=document(handoff),
        note=_note(handoff),
    )


def _subject(handoff: Handoff) -> str:
    about = handoff.summary.wants or handoff.context.topic or "A customer asks for a person"
    return about if len(about) <= SUBJECT_LENGTH else about[: SUBJECT_LENGTH - 1] + "…"


def _tags(handoff: Handoff) -> tuple[str, ...]:
    words = ("handoff", f"trigger_{handoff.context.trigger.kind}", "handoff_test" if handoff.test else "")
    return tuple(word for word in words if word)


def _note(handoff: Handoff) -> Note:
    context = handoff.context
    facts = (
        ("Why", f"{context.trigger.kind} {context.trigger.code}".strip()),
        ("Topic", context.topic or ""),
        ("Channel", context.channel),
        ("Customer", ", ".join(filter(None, (context.customer.name, context.customer.tier)))),
        ("Waiting since", f"{handoff.waiting_since:%Y-%m-%d %H:%M:%S} UTC"),
        ("Promised by", f"{handoff.promised_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Identity checks done", ", ".join(context.verification)),
        *((record.kind, " ".join(filter(None, (record.id, record.url)))) for record in context.records),
        *((str(name), str(value)) for name, value in context.fields.items()),
        *((f"Tried: {attempt.what}", attempt.outcome or "no outcome known") for attempt in context.attempts),
        ("Summary", "built from the conversation" if handoff.summary.built else ""),
    )
    return Note(
        lines=two_lines(handoff.summary, masked=False),
        facts=tuple((name, value) for name, value in facts if value),
        transcript=context.transcript,
    )


def _ticket_change(account: Account, handoff: Handoff, payload: Any) -> TicketChange:
    priority = payload.get("priority")
    with_context = payload.get("context", False)
    return TicketChange(
        handoff_id=handoff.handoff_id,
        note=_change_note(handoff, payload),
        comment=_comment(account, payload["comment"]) if "comment" in payload else None,
        priority=Priority(priority) if priority else None,
        group=payload.get("group"),
        assignee=account.person(payload.get("assignee")),
        tags=("handoff_withdrawn",) if payload.get("withdrawn") else (),
        solved="returned" in payload,
        document=document(handoff) if with_context else None,
    )


def _comment(account: Account, written: Any) -> Comment:
    """Return a person's words for the ticket. Raises Rejected for somebody the desk no longer knows."""
    author = account.person(written["by"])
    if author is None:
        raise Rejected("desk", "the desk no longer knows who wrote it")
    return Comment(author=author, text=written["text"], public=written["public"])


def _change_note(handoff: Handoff, payload: Any) -> Note | None:
    if payload.get("withdrawn"):
        left = handoff.outcome is Outcome.CUSTOMER_LEFT
        why = "the customer left" if left else "the customer left or the bot took it back"
        return Note(lines=(f"The handoff was withdrawn: {why}.",))
    if returned := payload.get("returned"):
        how = IN_WORDS[Outcome(returned["outcome"])]
        said = (returned["words"],) if returned.get("words") else ()
        return Note(lines=(f"{returned['by']} gave the conversation back to the bot: {how}.", *said))
    if payload.get("context"):
        return _note(handoff)
    if payload.get("turns"):
        return Note(lines=("The customer wrote again.",), transcript=TURNS.validate_python(payload["turns"]))
    return None
