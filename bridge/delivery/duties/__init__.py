"""What each kind of delivery means: the call it makes, and what its success changes.

A new kind is one function and one line here.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bridge.delivery.duties import (
    bot,
    cards,
    digest,
    feeds,
    groups,
    homes,
    notify,
    poll,
    presses,
    shifts,
    surfaces,
    tickets,
)
from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.model import State

Duty = Callable[[Job, Workbench], Paid]

DUTIES: Final[Mapping[str, Duty]] = {
    "open_ticket": tickets.open_ticket,
    "update_ticket": tickets.update_ticket,
    "read_ticket": tickets.read_ticket,
    "read_message": tickets.read_message,
    "read_changes": poll.read_changes,
    "read_feed": feeds.read_feed,
    "post_card": cards.post_card,
    "card_digest": digest.card_digest,
    "shift_note": shifts.shift_note,
    "update_card": cards.update_card,
    "thread_note": cards.thread_note,
    "channel_note": cards.channel_note,
    "direct_message": cards.direct_message,
    "settle_press": presses.settle_press,
    "open_dialog": presses.open_dialog,
    "private_line": cards.private_line,
    "publish_home": homes.publish_home,
    "answer_command": surfaces.answer_command,
    "settle_picked": surfaces.settle_picked,
    "link_card": surfaces.link_card,
    "unfurl": surfaces.unfurl,
    "keep_group": groups.keep_group,
    "notify_person": notify.notify_person,
    "callback": bot.callback,
    "webhook": bot.webhook,
}


def perform(job: Job, bench: Workbench) -> Paid:
    """Make the call of a delivery, but a rung's only while the customer waits. Raises what the call raises."""
    if job.rung is not None and bench.the_handoff().state is not State.OPEN:
        return Paid(pointless="nobody waits any more")
    return DUTIES[job.kind](job, bench)
