"""`handoff demo`: the sandbox and a bridge in one command, with a story played through them."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from bridge.accounts import MAIN, NewKey
from bridge.app import Bridge, build_bridge, build_web, build_worker, prepare
from bridge.commands.outcome import Commands, Refused, add_command, port, print_json
from bridge.reports.accounting import books
from bridge.reports.period import Period
from bridge.reports.report import make_report
from bridge.reports.rows import received_in
from bridge.reports.wording import headline
from bridge.settings import read_settings
from bridge.store import migrate, tables
from bridge.watching import set_up_logging

#: so many minutes of the desk's clocks pass in one minute of the demo
SPEED: Final = 20
ZONE: Final = "Asia/Kolkata"
PORT: Final = 8000
SANDBOX_PORT: Final = 8900
BOOKS_SECONDS: Final = 10.0
BOOKS_LOOK_SECONDS: Final = 0.05
#: keys of a desk file that hold a duration of the promise
DURATIONS: Final = ("respond_within_minutes", "window_minutes", "attention_window_minutes", "after_minutes")


def add_to(commands: Commands) -> None:
    demo = add_command(
        commands,
        "demo",
        "everything at once: sandbox, bridge, and a story played through them",
        "handoff demo --headless --json",
        _demo,
    )
    demo.add_argument("--headless", action="store_true", help="play the story on free ports, then stop")
    demo.add_argument("--json", action="store_true", help="print one JSON object of what was seen")
    demo.add_argument("--port", type=port, default=PORT, help="the bridge's port")
    demo.add_argument(
        "--sandbox-port", type=port, default=SANDBOX_PORT, help="the page; the vendors take the next three"
    )


def _demo(given: argparse.Namespace) -> int:
    """Exit with 0 only if every step was seen at the stand-ins."""
    from sandbox.assembly import ANY_PORTS, Ports, Sandbox
    from sandbox.story import Story, StoryFailed

    first = given.sandbox_port
    ports = (
        ANY_PORTS
        if given.headless
        else Ports(page=first, zendesk=first + 1, freshdesk=first + 2, slack=first + 3)
    )
    say = _to_standard_error if given.json else _to_standard_output
    try:
        sandbox = Sandbox(ports=ports, pace=1 / SPEED)
    except OSError as error:
        raise Refused(f"the sandbox cannot listen: {error}; choose another --sandbox-port") from None
    with sandbox, tempfile.TemporaryDirectory(prefix="handoff-demo-") as folder:
        bridge = _bridge(Path(folder), sandbox.environment())
        with _running(bridge, 0 if given.headless else given.port) as url:
            key = _key(bridge)
            sandbox.connect(url, key.bearer, callback_secret=key.signing_secret)
            say(f"The bridge runs at {url}, the sandbox's page at {sandbox.page_url}")
            say(f"The desk's clocks run {SPEED} times as fast, so that you can watch.\n")
            story = Story(
                sandbox=sandbox, bridge_url=url, key=key.bearer, now=datetime.now(UTC), tell=_with_time(say)
            )
            try:
                story.play()
            except StoryFailed as failure:
                raise Refused(f"the story stopped: {failure}") from None
            _wait_for_the_books(bridge)
            seen = {**story.seen, **_outcome(bridge, story.seen["handoff_id"])}
            say(f"\nThe honest number: {_headline(bridge)}")
            if given.json:
                print_json(seen)
            if not given.headless:
                _stay(say, url, sandbox.page_url, key.bearer)
    return 0


def _bridge(folder: Path, environment: dict[str, str]) -> Bridge:
    desk = folder / "desk.yaml"
    desk.write_text(_sped_up((resources.files("bridge.desk") / "example.yaml").read_text(encoding="utf-8")))
    settings = read_settings(
        {
            **environment,
            "HANDOFF_DATABASE_URL": f"sqlite:///{folder / 'handoff.db'}",
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(desk),
        }
    )
    set_up_logging(settings, quiet=True)
    migrate(settings.database_url)
    bridge = build_bridge(settings)
    prepare(bridge)
    return bridge


@contextmanager
def _running(bridge: Bridge, port: int) -> Iterator[str]:
    """Run web and worker in threads; give the address."""
    from sandbox.server import serve

    worker = build_worker(bridge)
    try:
        serving = serve(build_web(bridge), port)
    except OSError as error:
        raise Refused(
            f"the bridge cannot listen at port {port} ({os.strerror(error.errno or 0)}); choose another --port"
        ) from None
    with serving as running:
        worker.start()
        try:
            yield running.url
        finally:
            worker.stop()
            bridge.close()


def _key(bridge: Bridge) -> NewKey:
    now = bridge.clock()
    return bridge.database.transact(lambda tx: bridge.accounts.create_key(tx, MAIN, "demo bot", now))


def _wait_for_the_books(bridge: Bridge) -> None:
    """Wait a moment for the last settlements: a stand-in has a call before the store knows that it has."""
    until = time.monotonic() + BOOKS_SECONDS
    while time.monotonic() < until:
        with bridge.database.read() as connection:
            if books(connection, MAIN, bridge.clock() - timedelta(days=1)).owed == 0:
                return
        time.sleep(BOOKS_LOOK_SECONDS)


def _outcome(bridge: Bridge, handoff_id: str) -> dict[str, Any]:
    """Return what the store says: the rungs, the honest number, the counts."""
    now = bridge.clock()
    with bridge.database.read() as connection:
        clocks = connection.execute(
            select(tables.clocks)
            .where(
                tables.clocks.c.account_id == MAIN,
                tables.clocks.c.handoff_id == handoff_id,
                tables.clocks.c.rung > 0,
            )
            .order_by(tables.clocks.c.rung)
        ).all()
        handoff = connection.execute(
            select(tables.handoffs).where(
                tables.handoffs.c.account_id == MAIN, tables.handoffs.c.handoff_id == handoff_id
            )
        ).one()
        deliveries = connection.execute(
            select(tables.deliveries.c.state, func.count())
            .where(tables.deliveries.c.handoff_id == handoff_id)
            .group_by(tables.deliveries.c.state)
        ).all()
        kept = books(connection, MAIN, now - timedelta(days=1))
    window = timedelta(seconds=handoff.window_seconds)
    return {
        "rungs": [
            {
                "rung": clock.rung,
                "due": clock.due_at.isoformat(),
                "fired": clock.settled_at.isoformat() if clock.state == "fired" else None,
                "late_ms": clock.late_ms,
                "state": clock.state,
            }
            for clock in clocks
        ],
        "answered_by": handoff.answered_by,
        "answered_in_window": handoff.answered_at is not None
        and handoff.answered_at - handoff.asked_at <= window,
        "counts": {
            "accepted": kept.accepted,
            "settled": kept.settled,
            "owed": kept.owed,
            "dead": kept.dead,
            "missing": kept.missing,
            "deliveries": dict(row.tuple() for row in deliveries),
        },
    }


def _headline(bridge: Bridge) -> str:
    now = bridge.clock()
    period = Period(starts_at=now - timedelta(days=1), ends_at=now + timedelta(seconds=1), zone=ZONE)
    with bridge.database.read() as connection:
        return headline(make_report(received_in(connection, MAIN, period), period, now))


def _sped_up(text: str) -> str:
    """Return the desk with every duration of its promises divided by SPEED."""

    def slower(value: Any) -> Any:
        if isinstance(value, list):
            return [slower(item) for item in value]
        if isinstance(value, dict):
            return {key: item / SPEED if key in DURATIONS else slower(item) for key, item in value.items()}
        return value

    return yaml.safe_dump(slower(yaml.safe_load(text)), sort_keys=False, allow_unicode=True)


def _with_time(say: Callable[[str], None]) -> Callable[[str], None]:
    began = datetime.now(UTC)

    def tell(step: str) -> None:
        say(f"{(datetime.now(UTC) - began).total_seconds():6.1f} s  {step}")

    return tell


def _stay(say: Callable[[str], None], url: str, page: str, key: str) -> None:
    say(f"\nWatch and act at {page}, or hand over yourself:\n")
    say(
        f"  curl -s {url}/v1/handoffs -H 'Authorization: Bearer {key}' -H 'Idempotency-Key: mine-1' \\\n"
        '    -d \'{"conversation_id": "mine-1", "channel": "whatsapp", "trigger": {"kind": "asked"},\n'
        '         "customer": {"name": "Dev", "email": "dev@customer.example"},\n'
        '         "summary": {"wants": "a refund", "tried": "the help page", "suspects": "a double charge"}}\'\n'
    )
    say("Ctrl-C stops it.")
    threading.Event().wait()


def _to_standard_output(text: str) -> None:
    print(text, flush=True)


def _to_standard_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
