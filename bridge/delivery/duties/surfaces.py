"""What a command, a picked message or a shared link still needs from the chat: who it was, or a look at a card."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bridge.delivery.duties.cards import card_of
from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.inbound.private import owe_line
from bridge.inbound.surfaces import COMMAND, PICKED, answer_to, pick
from connectors.chat import Notice

#: so long the card of a handoff has to come
CARD_HAS: Final = timedelta(minutes=1)
LOOK_AGAIN_AFTER: Final = timedelta(seconds=2)


def answer_command(job: Job, bench: Workbench) -> Paid:
    """Find out by e-mail who wrote a command, do what it says and answer by direct message."""
    command = COMMAND.validate_python(job.payload["command"])
    chat = bench.chats[job.connection]
    email = chat.email_of(command.user_id)

    return Paid(
        errand=lambda tx, account, now: owe_line(
            tx,
            account,
            command.user_id,
            answer_to(tx, account, chat.vendor, account.person_by_email(email), command, now),
            now,
        )
    )


def settle_picked(job: Job, bench: Workbench) -> Paid:
    """Find out by e-mail who picked a message, and owe them the dialog."""
    picked = PICKED.validate_python(job.payload["picked"])
    email = bench.chats[job.connection].email_of(picked.user_id)
    return Paid(
        errand=lambda tx, account, now: pick(tx, account, account.person_by_email(email), picked, now)
    )


def unfurl(job: Job, bench: Workbench) -> Paid:
    """Show a shared link's handoff, to a person of the desk alone."""
    handoff, chat, said = bench.the_handoff(), bench.chats[job.connection], job.payload
    if not said["known"] and bench.account.person_by_email(chat.email_of(said["user_id"])) is None:
        return Paid(pointless="whoever shared the link is no person of the desk")
    card = card_of(bench.account, handoff, "", bench.now)
    chat.unfurl(said["place"], {said["url"]: card})
    return Paid()


def link_card(job: Job, bench: Workbench) -> Paid:
    """Tell whoever handed a message off where its card stands, once it does; after a while without a card too."""
    chat, handoff = bench.chats[job.connection], bench.the_handoff()
    if handoff.card is None and bench.now - handoff.received_at < CARD_HAS:
        return Paid(again_after=LOOK_AGAIN_AFTER)
    notice = Notice(text=job.payload["text"], link=chat.link_to(handoff.card) if handoff.card else None)
    chat.tell_user(job.payload["user_id"], notice, job.once)
    return Paid()
