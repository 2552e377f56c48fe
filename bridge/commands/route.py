"""`handoff route`: what a handoff would get, and why, without handing anything over."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bridge.commands.desk_file import add_desk_argument, read_desk_in_force
from bridge.commands.outcome import Commands, Refused, add_command, moment, print_json
from bridge.desk.model import Desk
from bridge.handoffs import closing
from bridge.handoffs.accept import plan
from bridge.handoffs.account import Account
from bridge.handoffs.summary import summarise, two_lines
from bridge.intake.problems import unusable
from bridge.intake.schema import HandoffRequest, to_context
from bridge.intake.strict_json import BadJson, read_json
from bridge.sla.due import before_closing, due_times, promised_at


def add_to(commands: Commands) -> None:
    route = add_command(
        commands,
        "route",
        "dry run: group, owner and ladder for a payload, each with its reason",
        "handoff route --payload handoff.json --at 2026-11-21T18:22+05:30",
        _route,
    )
    route.add_argument(
        "--payload", required=True, help="a file as for POST /v1/handoffs, or - for standard input"
    )
    route.add_argument("--at", type=moment, default="now", help="a moment with its zone, or now")
    route.add_argument("--json", action="store_true", help="print JSON")
    add_desk_argument(route)


def _route(given: argparse.Namespace) -> int:
    desk = read_desk_in_force(given.desk)
    planned = _planned(desk, _payload(given.payload), given.at)
    if given.json:
        print_json(planned)
        return 0
    print(f"Wants     {planned['summary'][0]}\n          {planned['summary'][1]}")
    print(f"Group     {planned['group'] or 'the default of the helpdesk'}, priority {planned['priority']}")
    print(f"Owner     {planned['owner'] or 'nobody on duty'}, shift {planned['shift'] or 'none'}")
    print(f"Backup    {planned['backup'] or 'none'}, lead {planned['lead'] or 'none'}")
    print(f"Card in   {planned['card_channel']}")
    print(f"Promise   {planned['policy']}: answer by {planned['promised_at']}")
    for rung in planned["ladder"]:
        print(f"  rung {rung['number']}  {rung['due_at']}  {', '.join(rung['steps'])}")
    print("Because")
    for reason in planned["reasons"]:
        print(f"  - {reason}")
    return 0


def _payload(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}") from None


def _planned(desk: Desk, body: bytes, at: datetime) -> dict[str, Any]:
    try:
        value, _ = read_json(body)
        accepted = to_context(HandoffRequest.model_validate(value), at)
    except BadJson as error:
        raise Refused(f"the payload is no JSON we take: {error}") from None
    except ValidationError as error:
        raise Refused(f"the payload cannot be used: {unusable(error)}") from None
    account = Account(account_id="", desk=desk, desk_version=0, helpdesk=None, chat=None)
    context = accepted.context
    route, policy = plan(account, context, at)
    closes_at = closing.closes_at(context, closing.closes_after(account, context.channel), at)
    promised = promised_at(policy, accepted.asked_at, desk.roster, context.channel)
    dues = due_times(policy, accepted.asked_at, desk.roster, context.channel)
    zone = ZoneInfo(desk.zone)
    return {
        "summary": list(two_lines(summarise(context))),
        "group": route.group,
        "priority": route.priority,
        "owner": route.owner,
        "backup": route.backup,
        "lead": route.lead,
        "shift": route.shift,
        "card_channel": route.card_channel,
        "policy": policy.name,
        "promised_at": _local(before_closing(promised, closes_at, at), zone),
        "channel_closes_at": _local(closes_at, zone) if closes_at else None,
        "ladder": [
            {
                "number": rung.number,
                "due_at": _local(before_closing(due, closes_at, at), zone),
                "steps": [
                    f"{step.kind} {step.target}" if step.target else str(step.kind) for step in rung.steps
                ],
            }
            for rung, due in zip(policy.ladder, dues, strict=True)
        ],
        "reasons": [reason.text for reason in route.reasons],
    }


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
