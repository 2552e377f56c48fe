"""A user group of the chat that holds whoever is on duty, and nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.account import Account
from bridge.roster.on_duty import next_duty, on_duty

#: a change of the desk file counts this soon; shift changes and covers count at once
LOOK_EVERY: Final = timedelta(minutes=1)
#: so often what the chat has is read, though nothing changed here: people change groups by hand
READ_EVERY: Final = timedelta(minutes=10)


def keep_group(job: Job, bench: Workbench) -> Paid:
    """Compare the group in the lane with the roster, and change it where they differ.

    A chat takes no empty group: while nobody is on duty the fallback's lead stands in it, else it stays as it is.
    """
    account, group = bench.account, job.lane
    channels = channels_of(account, group)
    if not channels:
        return Paid(pointless="the desk no longer names this group")
    wanted = _wanted(account, channels, bench.now)
    if wanted and (job.payload.get("people") != wanted or _is_old(job.payload, bench.now)):
        bench.chats[job.connection].keep_group(group, bench.people(wanted))
        payload: dict[str, Any] = {"people": wanted, "read_at": bench.now.isoformat()}
    else:
        payload = dict(job.payload)
    return Paid(again_after=_until_next(account, channels, bench.now), payload=payload)


def channels_of(account: Account, group: str) -> tuple[str, ...]:
    """Return the channels of the shifts that name this group."""
    shifts = (shift for shift in account.desk.roster.shifts if shift.user_group == group)
    return tuple(dict.fromkeys(channel for shift in shifts for channel in shift.channels))


def _wanted(account: Account, channels: tuple[str, ...], now: datetime) -> list[str]:
    duties = [duty for channel in channels if (duty := on_duty(account.desk.roster, channel, now))]
    people = {key for duty in duties for key in (duty.owner, duty.backup) if key}
    lead = account.desk.fallback.lead
    return sorted(people or ({lead} if lead else set()))


def _is_old(payload: Any, now: datetime) -> bool:
    return now - datetime.fromisoformat(payload["read_at"]) >= READ_EVERY


def _until_next(account: Account, channels: tuple[str, ...], now: datetime) -> timedelta:
    moments = (_next_change(account, channel, now) for channel in channels)
    return min(LOOK_EVERY, *(moment - now for moment in moments if moment))


def _next_change(account: Account, channel: str, now: datetime) -> datetime | None:
    duty = on_duty(account.desk.roster, channel, now)
    following = None if duty else next_duty(account.desk.roster, channel, now)
    return duty.ends_at if duty else following.starts_at if following else None
