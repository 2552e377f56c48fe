"""A person's own page in the chat, drawn as it stands when it is sent."""

from __future__ import annotations

from datetime import datetime

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.account import Account
from bridge.people import homes
from bridge.store import Transaction


def publish_home(job: Job, bench: Workbench) -> Paid:
    """Draw the page of the user in the lane. Who that is may have to be asked of the chat first."""
    page = bench.page
    if page is None:
        return Paid(pointless="nobody has opened this page")
    chat, account, user_id = bench.chats[job.connection], bench.account, job.lane
    if page.home.refusal and account.is_known_by_email_alone(chat.vendor):
        found = account.person_by_email(chat.email_of(user_id))
        if found:
            return Paid(errand=lambda tx, account, now: homes.open_page(tx, account, user_id, found.key, now))
    chat.publish_home(user_id, page.home)

    def shown(tx: Transaction, account: Account, _now: datetime) -> None:
        homes.shows(tx, account, user_id, page.digest)

    return Paid(errand=shown)
