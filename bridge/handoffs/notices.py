"""What the customer is told. Each text says only what has happened, and a time the policy stands for.

It is in the customer's language where there is a wording for it, else in the desk's, else in English.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff
from bridge.notices.model import NoticeKind, Wording
from bridge.roster.model import Person
from bridge.roster.on_duty import next_duty, on_duty

MINUTE: Final = timedelta(minutes=1)


def kept(account: Account, handoff: Handoff, now: datetime) -> str:
    """Tell that the conversation is kept, who has it, and by when an answer is promised."""
    wording, owner = wording_for(account, handoff), account.person(handoff.owner)
    if owner is None:
        return _kept_without_owner(account, handoff, wording, now)
    if handoff.promised_at <= now:
        return wording.say(NoticeKind.KEPT_PAST_PROMISE, owner=owner.first_name)
    by = wording.moment(handoff.promised_at, now, account.desk.zone)
    return wording.say(NoticeKind.KEPT, owner=owner.first_name, by=by)


def late(account: Account, handoff: Handoff, now: datetime, next_call_at: datetime | None) -> str:
    """Tell that nobody has answered yet, and that this is longer than promised where it is.

    `next_call_at` is when somebody else is called unless the customer is answered, None where that is not
    known: it is the only new time that is true, as nobody has promised an answer by another.
    """
    wording, zone = wording_for(account, handoff), account.desk.zone
    minutes = max(1, (now - handoff.asked_at) // MINUTE)
    if now < handoff.promised_at:
        by = wording.moment(handoff.promised_at, now, zone)
        return wording.say(NoticeKind.WAITING, minutes=minutes, by=by)
    if next_call_at is None:
        return wording.say(NoticeKind.LONGER_THAN_PROMISED, minutes=minutes)
    by = wording.moment(_minute_after(next_call_at), now, zone)
    return wording.say(NoticeKind.LONGER_THAN_PROMISED_NEXT_CALL, minutes=minutes, by=by)


def joined(account: Account, handoff: Handoff, person: Person) -> str:
    """Tell that a person has said "I have it"."""
    return wording_for(account, handoff).say(NoticeKind.JOINED, person=person.first_name)


def passed_on(account: Account, handoff: Handoff, owner: Person, now: datetime) -> str | None:
    """Tell that `owner` has it now; None where they are not on duty, as nobody knows then when they see it."""
    duty = on_duty(account.desk.roster, handoff.context.channel, now)
    if duty is None or owner.key not in (duty.owner, duty.backup, duty.lead):
        return None
    return wording_for(account, handoff).say(NoticeKind.PASSED_ON, owner=owner.first_name)


def solved(account: Account, handoff: Handoff) -> str:
    """Tell that the answered conversation is called solved."""
    return wording_for(account, handoff).say(NoticeKind.SOLVED)


def wording_for(account: Account, handoff: Handoff) -> Wording:
    return account.notices.of(handoff.context.customer.locale, account.desk.language)


def _kept_without_owner(account: Account, handoff: Handoff, wording: Wording, now: datetime) -> str:
    roster, channel = account.desk.roster, handoff.context.channel
    if on_duty(roster, channel, now):
        return wording.say(NoticeKind.KEPT_NOT_TAKEN)
    coming = next_duty(roster, channel, now)
    if coming is None:
        return wording.say(NoticeKind.OUT_OF_HOURS_OPENING_UNKNOWN)
    opens = wording.moment(coming.starts_at, now, account.desk.zone)
    return wording.say(NoticeKind.OUT_OF_HOURS, opens=opens)


def _minute_after(moment: datetime) -> datetime:
    """Return the first whole minute not before `moment`: a time told without seconds must not be too early."""
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + MINUTE
