"""A shop whose bridge really runs: web and worker in threads, a store on disk, stand-ins on ports of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import requests
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from bridge.accounts import MAIN
from bridge.app import Bridge, Worker, build_bridge, build_web, build_worker, prepare
from bridge.handoffs.model import Handoff
from bridge.handoffs.rows import find
from bridge.settings import read_settings
from bridge.store import tables
from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.faults import Fault
from sandbox.server import Running, serve

T = TypeVar("T")

ASHA, RAVI = "3601", "3602"  #: at Zendesk
ASHA_AT_FRESHDESK = "4601"
ASHA_IN_CHAT = "U07ASHA"
CHANNEL, FALLBACK = "C0MORNING", "C0ALL"

#: well within the ten calls a minute that Zendesk and its stand-in allow, as long as a test takes seconds
POLLS = timedelta(seconds=1)
#: how fast the stand-ins' own waits pass: Zendesk's export lags a second behind in place of a minute
PACE = 1 / 60
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 20.0
DELIVERIES = tables.deliveries
TIMELINE = tables.timeline

DESK = """
timezone: Asia/Kolkata
people:
  asha: {{name: Asha Rao, email: asha@shop.example, slack: U07ASHA, zendesk: 3601, freshdesk: 4601}}
  ravi: {{name: Ravi Iyer, email: ravi@shop.example, slack: U07RAVI, zendesk: 3602, freshdesk: 4602{ravi}}}
  meera: {{name: Meera Shah, slack: U07MEERA, zendesk: 3603, freshdesk: 4603, role: lead{meera}}}
channels:
  whatsapp: {{attention_window_minutes: {minutes}}}
shifts:
  - {{name: early, channels: [whatsapp], days: daily, hours: "00:00-12:00", owners: [{owner}], backup: ravi,
     lead: meera, slack_channel: C0MORNING}}
  - {{name: late, channels: [whatsapp], days: daily, hours: "12:00-00:00", owners: [{owner}], backup: ravi,
     lead: meera, slack_channel: C0MORNING}}
routes:
  - {{otherwise: true, group: Support, sla: standard}}
sla:
  standard:
    respond_within_minutes: {minutes}
    ladder:
      - {{at: 50%, do: [remind_owner]}}
      - {{at: 100%, do: [tag_backup, raise_priority, tell_customer]}}
      - {{at: 150%, do: [reassign_to_backup, tag_lead]}}
      - {{at: 200%, do: [page: lead, move_group: Escalations]}}
fallback: {{slack_channel: C0ALL, lead: meera}}
{more}
"""


def write_desk(
    folder: Path, *, minutes: float = 15, more: str = "", ravi: str = "", meera: str = "", owner: str = "asha"
) -> Path:
    """Write a desk on which `owner` is on duty at any hour and answers are due within so many minutes.

    `more` goes to its end, `ravi` and `meera` to what it says of them.
    """
    path = folder / "desk.yaml"
    path.write_text(DESK.format(minutes=minutes, more=more, ravi=ravi, meera=meera, owner=owner))
    return path


def conversation(**parts: Any) -> dict[str, Any]:
    """Return what a bot sends of a customer who asked for a person half a minute ago."""
    now = datetime.now(UTC)
    asked_at = now - timedelta(seconds=30)
    return {
        "conversation_id": f"wa-{now.timestamp()}",
        "channel": "whatsapp",
        "trigger": {"kind": "asked"},
        "topic": "refund",
        "customer": {"name": "Priya Nair", "email": "priya@customer.example"},
        "summary": {
            "wants": "the refund for order 4411",
            "tried": "order lookup",
            "suspects": "a split payment",
        },
        "asked_at": asked_at.isoformat(),
        "transcript": [{"speaker": "customer", "text": "Where is my refund?", "at": asked_at.isoformat()}],
        **parts,
    }


class Shop:
    """One bridge at a time on one store; `open` and `close` may follow each other any number of times."""

    def __init__(
        self,
        sandbox: Sandbox,
        database_url: str,
        desk: Path,
        *,
        helpdesk: str = "zendesk",
        poll_every: timedelta = timedelta(minutes=1),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.vendor = helpdesk
        self.environment = {
            **sandbox.environment(),
            "HANDOFF_DATABASE_URL": database_url,
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(desk),
            **(settings or {}),
        }
        self._poll_every = poll_every
        self._bridge: Bridge | None = None
        self._worker: Worker | None = None
        self._web: Running | None = None
        self._key = ""

    @property
    def bridge(self) -> Bridge:
        assert self._bridge is not None, "the bridge is closed"
        return self._bridge

    @property
    def worker(self) -> Worker:
        assert self._worker is not None, "the bridge is closed"
        return self._worker

    @property
    def url(self) -> str:
        assert self._web is not None, "the bridge is closed"
        return self._web.url

    @property
    def helpdesk(self) -> Any:
        return self.sandbox.stand_ins[self.vendor]

    def open(self) -> None:
        """Start a bridge and tell the vendors where it is."""
        self._bridge = bridge = build_bridge(read_settings(self.environment))
        prepare(bridge)
        self._worker = build_worker(bridge, poll_every=self._poll_every)
        self._web = serve(build_web(bridge))
        self._worker.start()
        made = bridge.database.transact(
            lambda tx: bridge.accounts.create_key(tx, MAIN, "bot", datetime.now(UTC))
        )
        self._key = made.bearer
        # Callbacks are signed by the key that handed over, so the bot keeps the secret of the first.
        first = not self.sandbox.bot.connected
        self.sandbox.connect(self.url, made.bearer, callback_secret=made.signing_secret if first else None)

    def close(self) -> None:
        """Stop as a process that was told to: no calls are taken any more, what has begun is finished."""
        if self._bridge is None or self._worker is None or self._web is None:
            return
        self._web.stop()
        self._worker.stop()
        self._bridge.close()
        self._bridge = self._worker = self._web = None

    def goes_wrong(self, vendor: str, call: str, action: str, **more: Any) -> None:
        self.sandbox.script.add(Fault(vendor=vendor, call=call, action=action, **more))

    def hand_over(self, **parts: Any) -> str:
        """Hand a conversation over and return the handoff's id."""
        return str(self.sandbox.bot.hand_off(conversation(**parts))["id"])

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(f"{self.url}{path}", json=body, headers=self.headers, timeout=10)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def look(self, handoff_id: str) -> dict[str, Any]:
        """Return the handoff as its bot sees it."""
        answer = requests.get(f"{self.url}/v1/handoffs/{handoff_id}", headers=self.headers, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def handoff(self, handoff_id: str) -> Handoff:
        """Return the handoff as the store has it."""
        with self.bridge.database.read() as connection:
            return find(connection, MAIN, handoff_id)

    def events(self, handoff_id: str, *names: str) -> list[Any]:
        """Return the rows of the timeline, only those of these events where any is named."""
        rows = select(TIMELINE).where(TIMELINE.c.handoff_id == handoff_id).order_by(TIMELINE.c.number)
        with self.bridge.database.read() as connection:
            return [row for row in connection.execute(rows) if not names or row.event in names]

    def told(self, name: str) -> list[dict[str, Any]]:
        """Return what the bot was told by callbacks of this event."""
        return [event["data"] for event in self.sandbox.bot.events() if event["type"] == f"handoff.{name}"]

    def ticket(self, handoff_id: str) -> int:
        """Return the number of the ticket once the bridge knows it."""
        known = self.until("the ticket", lambda: self.look(handoff_id)["ticket"])
        return int(known["id"])

    def tickets(self) -> list[dict[str, Any]]:
        return list(self.helpdesk.snapshot()["tickets"])

    def comments(self, ticket_id: int) -> list[dict[str, Any]]:
        """Return the comments of a ticket, oldest first."""
        return next(one["comments"] for one in self.tickets() if one["id"] == str(ticket_id))

    def cards(self, handoff_id: str) -> list[tuple[str, Any]]:
        """Return channel and post of every card of a handoff."""
        return [
            (channel.id, message)
            for channel in list(self.sandbox.slack.workspace.channels.values())
            for message in channel.top_level()
            if message.metadata
            and message.metadata["event_type"] == "handoff_card"
            and message.metadata["event_payload"]["handoff_id"] == handoff_id
        ]

    def card(self, handoff_id: str) -> tuple[str, Any]:
        """Return channel and post of the card once the bridge knows it."""
        self.until("the card", lambda: self.look(handoff_id)["announced"])
        (found,) = self.cards(handoff_id)
        return found

    def card_says(self, handoff_id: str, words: str) -> bool:
        return any(words in str(message.blocks) for _, message in self.cards(handoff_id))

    def lines(self, channel: str) -> list[str]:
        """Return what was said in a channel beside cards and threads."""
        posts = self.sandbox.slack.workspace.channels[channel].top_level()
        return [
            post.text for post in posts if post.metadata and post.metadata["event_type"] == "handoff_notice"
        ]

    def thread(self, handoff_id: str) -> list[str]:
        """Return the lines under a handoff's card."""
        (channel, card) = self.card(handoff_id)
        return [reply.text for reply in self.sandbox.slack.workspace.channels[channel].replies(card.ts)]

    def press(self, handoff_id: str, user_id: str) -> None:
        channel, card = self.card(handoff_id)
        self.sandbox.press(channel, card.ts, "claim", user_id)

    def answers(self, vendor: str, call: str) -> list[int | None]:
        """Return the statuses of the calls "METHOD path" that meet the pattern, in order."""
        entries = (entry for entry in self.sandbox.journal.entries() if entry.vendor == vendor)
        return [one.status for one in entries if fnmatchcase(f"{one.method} {one.path}", call)]

    def owed(self) -> int:
        """Return how many calls are owed for handoffs; the polls are owed for ever and do not count."""
        with self.bridge.database.read() as connection:
            asked = select(func.count()).where(
                DELIVERIES.c.state.in_(("owed", "unknown")), DELIVERIES.c.handoff_id != ""
            )
            return int(connection.execute(asked).scalar_one())

    def quiet(self) -> None:
        """Wait until every webhook has been taken and everything owed is paid."""
        self.sandbox.outbox.drain(PATIENCE_SECONDS)
        self.until("nothing owed", lambda: self.owed() == 0)

    def answered(self, handoff_id: str) -> dict[str, Any]:
        """Return the handoff once somebody has answered."""
        return self.until("an answer", lambda: self._if(self.look(handoff_id), "answered_at"))

    def until(self, step: str, look: Callable[[], T]) -> T:
        """Return what `look` finds as soon as that is something."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            assert time.monotonic() < end, f"not seen within {PATIENCE_SECONDS:g} s: {step}"
            time.sleep(LOOK_SECONDS)
        return found

    @staticmethod
    def _if(handoff: dict[str, Any], name: str) -> dict[str, Any] | None:
        return handoff if handoff[name] else None


@contextmanager
def a_shop(database_url: str, folder: Path, **options: Any) -> Iterator[Shop]:
    """Give a shop that is open on a store: `a_shop(url, folder, helpdesk="freshdesk", minutes=0.1, ...)`."""
    desk = {name: options.pop(name) for name in ("minutes", "more") if name in options}
    vendors = options.pop("vendors", (options.get("helpdesk", "zendesk"), "slack"))
    with Sandbox(ports=ANY_PORTS, vendors=vendors, pace=PACE) as sandbox:
        shop = Shop(sandbox, database_url, write_desk(folder, **desk), **options)
        try:
            shop.open()
            yield shop
        finally:
            shop.close()
