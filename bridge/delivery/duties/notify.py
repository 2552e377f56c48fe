"""A person of the desk called by mail, text message or pager, because the chat did not reach them."""

from __future__ import annotations

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.change import Change
from bridge.handoffs.model import Handoff, State
from bridge.handoffs.summary import two_lines
from bridge.roster.model import Person
from connectors.errors import Rejected

TITLE = "A customer is waiting"
TO_BE_MENDED = "The handoff bridge needs you"


def notify_person(job: Job, bench: Workbench) -> Paid:
    """Tell them what the card says: the two lines, masked. Where no handoff caused it, what is to be mended."""
    handoff = bench.handoff
    person = bench.account.person(job.payload["to"])
    if person is None or not person.notify:
        return Paid(pointless="the desk knows no address of this person any more")
    if handoff and handoff.state is not State.OPEN:
        return Paid(pointless="nobody waits any more")
    if handoff and job.rung is None and not _is_news(handoff, person):
        return Paid(pointless="they know by now, or it is not theirs any more")
    if bench.notifier is None:
        raise Rejected("notify", "this installation can call nobody beside the chat")
    text = "\n".join([job.payload["text"], *(two_lines(handoff.summary) if handoff else ())])
    bench.notifier.tell(person.notify, TITLE if handoff else TO_BE_MENDED, text)
    return Paid(effect=lambda change: _notified(change, person.key, job.rung))


def _is_news(handoff: Handoff, person: Person) -> bool:
    """Return whether this person still has to hear, without any rung, that the handoff is theirs."""
    told = handoff.card is not None or handoff.claimed_by is not None
    return not told and handoff.owner in (None, person.key)


def _notified(change: Change, person: str, rung: int | None) -> None:
    change.note("notified", actor="bridge", person=person, rung=rung)
