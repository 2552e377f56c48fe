"""`handoff roster who`: who is on duty."""

from __future__ import annotations

import argparse
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.commands.desk_file import add_desk_argument, read_desk_in_force
from bridge.commands.outcome import Commands, Refused, add_command, add_group, moment, print_json
from bridge.desk.mistakes import did_you_mean
from bridge.desk.model import Desk
from bridge.roster.on_duty import next_duty, on_duty


def add_to(commands: Commands) -> None:
    roster = add_group(commands, "roster", "ask the roster", "handoff roster who --channel whatsapp --at now")
    who = add_command(
        roster,
        "who",
        "who holds a channel at a moment",
        "handoff roster who --channel whatsapp --at 2026-11-21T18:22+05:30",
        _who,
    )
    who.add_argument("--channel", required=True, help="a channel of the desk")
    who.add_argument("--at", type=moment, default="now", help="a moment with its zone, or now")
    who.add_argument("--json", action="store_true", help="print JSON")
    add_desk_argument(who)


def _who(given: argparse.Namespace) -> int:
    """Exit with 1 when nobody is on duty."""
    desk = read_desk_in_force(given.desk)
    if given.channel not in desk.channels:
        raise Refused(
            f"the desk has no channel {given.channel!r}; {did_you_mean(given.channel, desk.channels)}"
        )
    duty = on_duty(desk.roster, given.channel, given.at)
    following = next_duty(desk.roster, given.channel, given.at)
    if given.json:
        print_json(
            {
                "channel": given.channel,
                "at": given.at.isoformat(),
                "shift": duty.shift if duty else None,
                "owner": duty.owner if duty else None,
                "backup": duty.backup if duty else None,
                "lead": duty.lead if duty else None,
                "note": duty.override.note if duty and duty.override else None,
                "until": duty.ends_at.isoformat() if duty else None,
                "next_from": following.starts_at.isoformat() if following else None,
                "next_owner": following.owner if following else None,
            }
        )
        return 0 if duty else 1
    if duty:
        shift, until = duty.shift or "override", _local(desk, duty.ends_at)
        print(f"{_name(desk, duty.owner)} has {given.channel} ({shift}) until {until}.")
        print(f"Backup {_name(desk, duty.backup)}, lead {_name(desk, duty.lead)}.")
        if duty.override and duty.override.note:
            print(f"{duty.override.note}.")
    else:
        print(f"Nobody has {given.channel} then.")
    if following:
        print(f"Next: {_name(desk, following.owner)} from {_local(desk, following.starts_at)}.")
    return 0 if duty else 1


def _name(desk: Desk, key: str | None) -> str:
    return desk.people[key].name if key else "nobody"


def _local(desk: Desk, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(desk.zone)):%a %d %b %H:%M %Z}"
