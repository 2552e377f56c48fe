"""What the customer is told. Each text says only what has happened, and a time the policy stands for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff
from bridge.roster.on_duty import next_duty


def kept(account: Account, handoff: Handoff, now: datetime) -> str:
    """Tell that the conversation is kept, who has it, and by when an answer is promised."""
    zone = ZoneInfo(account.desk.zone)
    owner = account.person(handoff.owner)
    if owner is None:
        coming = next_duty(account.desk.roster, handoff.context.channel, now)
        back = (
            f"the team is back at {_clock_time(coming.starts_at, now, zone)}"
            if coming
            else "the team is told"
        )
        return f"We have kept your conversation. Nobody is on duty right now; {back}."
    if handoff.promised_at <= now:
        return f"{owner.first_name} has your conversation and will answer as soon as possible."
    by = _clock_time(handoff.promised_at, now, zone)
    return f"{owner.first_name} has your conversation and will answer by {by}."


def late(handoff: Handoff, now: datetime) -> str:
    """Tell that nobody has answered yet, and that this is longer than promised where it is."""
    waited = max(1, int((now - handoff.asked_at).total_seconds() // 60))
    unit = "minute" if waited == 1 else "minutes"
    promised = ", longer than we promised" if now >= handoff.promised_at else ""
    return f"You have waited {waited} {unit}{promised}. Nobody has been able to answer yet; we are sorry."


def _clock_time(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M} ({local.tzname()})"
    return f"{local:%H:%M} on {local:%A} {local.day} {local:%B} ({local.tzname()})"
