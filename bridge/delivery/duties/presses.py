"""What a press still needs from the chat: who it was, or a dialog to ask more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.inbound.press import DIALOG, PRESS, refuse, settle, settle_at_desk
from connectors.chat import DESK_ACTIONS, Press
from connectors.errors import Gone

#: a chat takes a dialog within three seconds of the press; the call itself needs some of it
OPENS_WITHIN: Final = timedelta(seconds=2.5)
TOO_LATE: Final = "If nothing has opened, please press once more."


def settle_press(job: Job, bench: Workbench) -> Paid:
    """Find out by e-mail who pressed, and give the press its effect."""
    press = PRESS.validate_python(job.payload["press"])
    email = bench.chats[job.connection].email_of(press.user_id)
    if press.action in DESK_ACTIONS:
        return Paid(
            errand=lambda tx, account, now: settle_at_desk(
                tx, account, account.person_by_email(email), press, now
            )
        )
    return Paid(effect=lambda change: settle(change, change.account.person_by_email(email), press))


def open_dialog(job: Job, bench: Workbench) -> Paid:
    """Open a dialog while the chat still takes it. One whose answer was lost may be open: it is not opened twice."""
    press = PRESS.validate_python(job.payload["press"])
    pressed_at = datetime.fromisoformat(job.payload["pressed_at"])
    if job.look_first or bench.now - pressed_at > OPENS_WITHIN:
        return _too_late(press)
    try:
        bench.chats[job.connection].open_dialog(
            job.payload["trigger"], DIALOG.validate_python(job.payload["dialog"])
        )
    except Gone:
        return _too_late(press)
    return Paid()


def _too_late(press: Press) -> Paid:
    return Paid(
        pointless="it came too late to open",
        errand=lambda tx, account, now: refuse(tx, account, press, TOO_LATE, now),
    )
