"""`handoff check [--live]`: is the desk sound, and is what it counts on there at the vendors?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from bridge.commands.desk_file import add_desk_argument, desk_path
from bridge.commands.outcome import Commands, add_command, print_json, settings_from_environment
from bridge.desk.check import warnings
from bridge.desk.load import load_desk
from bridge.desk.mistakes import DeskRefused, Mistake
from bridge.desk.model import Desk
from bridge.feeds.overrides import whose
from bridge.feeds.reading import read_calendar
from bridge.feeds.unfold import FeedRefused
from bridge.notices.reading import NoticesRefused, load_notices
from bridge.security.outbound import GuardedSender
from connectors.base import Connector, Finding
from connectors.errors import ConnectorError
from connectors.notify import lacking
from connectors.registry import VENDORS, build_connectors, doubts

GOOD, WARNINGS, ERRORS = 0, 1, 2


def add_to(commands: Commands) -> None:
    check = add_command(
        commands,
        "check",
        "check the desk file, and with --live what it counts on at the vendors",
        "handoff check --desk desk.yaml --live",
        _check,
    )
    check.add_argument("--live", action="store_true", help="also ask the connected vendors")
    check.add_argument("--json", action="store_true", help="print JSON")
    add_desk_argument(check)


def _check(given: argparse.Namespace) -> int:
    """Exit with 0 for good, 1 for warnings, 2 for errors."""
    path = desk_path(given.desk)
    try:
        desk = load_desk(path, VENDORS)
    except DeskRefused as refused:
        findings = [*_errors(refused.mistakes), *_notice_findings(None)]
    else:
        live = (*_live_findings(desk), *_feed_findings(desk)) if given.live else ()
        findings = [*_desk_findings(desk), *_notice_findings(desk.language), *live]
    if given.json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    severities = {finding.severity for finding in findings}
    return ERRORS if "error" in severities else WARNINGS if "warning" in severities else GOOD


def _desk_findings(desk: Desk) -> Iterator[Finding]:
    for one in warnings(desk, datetime.now(UTC)):
        yield Finding(severity=one.severity, where=one.where, problem=one.problem, remedy=one.remedy)


def _errors(mistakes: Sequence[Mistake]) -> Iterator[Finding]:
    for one in mistakes:
        where = f"{one.file}:{one.line} {one.key}".rstrip()
        yield Finding(severity="error", where=where, problem=one.problem, remedy=one.remedy)


def _notice_findings(language: str | None) -> Iterator[Finding]:
    """Read what customers are told; `language` is the desk's, None for English."""
    try:
        notices = load_notices(settings_from_environment().mappings)
    except NoticesRefused as refused:
        yield from _errors(refused.mistakes)
        return
    if language and not notices.speak(language):
        yield Finding(
            severity="warning",
            where="language",
            problem=f"there are no notices for {language}, so customers are told in English",
            remedy=f"add notices/{language}.yaml to your mappings and set HANDOFF_MAPPINGS",
        )


def _live_findings(desk: Desk) -> Iterator[Finding]:
    missing = lacking() if any(person.notify for person in desk.people.values()) else None
    yield from [missing] if missing else []
    settings = settings_from_environment()
    connectors = build_connectors(settings, desk)
    yield from doubts(settings)
    everyone: list[Connector] = [*connectors.helpdesks.values(), *connectors.chats.values()]
    if not everyone:
        yield Finding(
            severity="warning",
            where="settings",
            problem="nothing is connected",
            remedy="see docs/operations.md for the settings",
        )
    for connector in everyone:
        try:
            yield from connector.check()
        except ConnectorError as error:
            yield Finding(
                severity="error",
                where=connector.connection,
                problem=error.detail,
                remedy="check its address and its key in the settings",
            )


def _feed_findings(desk: Desk) -> Iterator[Finding]:
    """Read each calendar once, as a worker would, and keep nothing of it."""
    sender = GuardedSender(allow_loopback=settings_from_environment().allow_loopback_callbacks)
    for feed in desk.feeds:
        where = f"feeds.{feed.name}"
        try:
            events = read_calendar(feed, sender, desk.zone, datetime.now(UTC))
        except FeedRefused as refused:
            remedy = "open its address in a browser; it must lead to an iCalendar file over https"
            yield Finding(severity="error", where=where, problem=str(refused), remedy=remedy)
            continue
        strangers = sum(whose(event, desk.people) is None for event in events)
        if strangers:
            yield Finding(
                severity="warning",
                where=where,
                problem=f"{strangers} of {len(events)} events name nobody of the desk",
                remedy="invite the person, or give the event their name or key as its title",
            )


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{finding.severity:8} {finding.where}: {finding.problem}\n         → {finding.remedy}")
    errors = sum(finding.severity == "error" for finding in findings)
    doubts = sum(finding.severity == "warning" for finding in findings)
    print(f"{errors} errors, {doubts} warnings" if findings else "All good.")
