"""The whole sandbox: stand-ins, bot and page, each on its port, sharing one fault script and one journal."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from sandbox.bot import CALLBACK_PATH, BotStandIn
from sandbox.clock import Clock, system_clock
from sandbox.example import example_handoff
from sandbox.faults import FaultMiddleware, FaultScript
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.page.app import page_app
from sandbox.server import Running, serve
from sandbox.vendors import VENDORS, StandIn

BRIDGE_URL = "http://127.0.0.1:8000"
EVERY_VENDOR = tuple(vendor.name for vendor in VENDORS)
JOURNAL_SHOWN = 300  #: entries of the journal that a snapshot holds
EMPTY_DESK: dict[str, Any] = {"agents": [], "tickets": []}
EMPTY_CHAT: dict[str, Any] = {
    "app_user": "",
    "users": {},
    "groups": {},
    "channels": [],
    "modals": {},
    "homes": {},
    "troubles": [],
    "commands": [],
    "shortcuts": [],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where to listen; 0 takes any free port."""

    page: int = 8900
    zendesk: int = 8901
    freshdesk: int = 8902
    slack: int = 8903


ANY_PORTS = Ports(page=0, zendesk=0, freshdesk=0, slack=0)


class Sandbox:
    """Runs from the moment it is made until `stop()`; a context manager too.

    `pace` multiplies the waits between a vendor's redeliveries, and how far its search and its export lag
    behind. Raises OSError when a port is taken.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        ports: Ports = Ports(),
        vendors: Collection[str] = EVERY_VENDOR,
        host: str = "127.0.0.1",
        pace: float = 1.0,
    ) -> None:
        self._clock = clock
        self._pace = pace
        self._vendors = tuple(vendor for vendor in VENDORS if vendor.name in vendors)
        self._examples = itertools.count(1)
        self._lock = threading.Lock()  # held while the stand-ins are exchanged
        self.bridge_url: str | None = None
        self.script = FaultScript()
        self.journal = Journal(clock)
        self.bot = BotStandIn(clock=clock)
        self._open_stand_ins()
        self._doors = {name: self._door(name, one.app) for name, one in self.stand_ins.items()}
        self._doors["page"] = self._door("bot", page_app(self), under="/bot/")
        self._servers: dict[str, Running] = {}
        self._listening = self._listen(ports, host)
        self._tell_where_served()
        self.bot.callback_url = self.page_url + CALLBACK_PATH

    @property
    def page_url(self) -> str:
        return self._servers["page"].url

    @property
    def zendesk(self) -> Any:
        """Return the stand-in of now; `reset()` puts a new one in its place."""
        return self.stand_ins["zendesk"]

    @property
    def freshdesk(self) -> Any:
        return self.stand_ins["freshdesk"]

    @property
    def slack(self) -> Any:
        return self.stand_ins["slack"]

    def url(self, name: str) -> str:
        """Return where "page" or a vendor is served."""
        return self._servers[name].url

    def addresses(self) -> dict[str, str]:
        """Return every address by its label, for people."""
        return {"This page": self.page_url} | {
            vendor.label: self.url(vendor.name) + vendor.path for vendor in self._vendors
        }

    def environment(self) -> dict[str, str]:
        """Return the bridge's settings that point it here."""
        settings = {"HANDOFF_ALLOW_LOOPBACK_CALLBACKS": "true"}
        for vendor in self._vendors:
            settings |= vendor.settings(self.url(vendor.name))
        return settings

    def connect(self, bridge_url: str, key: str | None = None, *, callback_secret: str | None = None) -> None:
        """Tell the vendors where to send their webhooks, and the bot, given a `key`, where to hand over."""
        self.bridge_url = bridge_url.rstrip("/")
        for one in self.stand_ins.values():
            one.connect(self.bridge_url)
        if key is not None:
            self.bot.connect(self.bridge_url, key, secret=callback_secret)

    def snapshot(self) -> dict[str, Any]:
        """Return all there is to see, as JSON; the shapes are those of `sandbox.snapshots`."""
        with self._lock:
            shown = {name: one.snapshot() for name, one in self.stand_ins.items()}
        entries = [asdict(entry) | {"at": entry.at.isoformat()} for entry in self.journal.entries()]
        return {
            "bridge": self.bridge_url,
            "zendesk": EMPTY_DESK,
            "freshdesk": EMPTY_DESK,
            "slack": EMPTY_CHAT,
            **shown,
            "bot": self.bot.snapshot(),
            "journal": entries[-JOURNAL_SHOWN:],
            "faults": [asdict(fault) | {"left": left} for fault, left in self.script.left()],
        }

    def reply(self, vendor: str, ticket_id: str, agent_id: str, text: str, *, public: bool) -> None:
        """Answer a ticket as an agent. Raises LookupError."""
        helpdesk: Any = self.stand_ins[vendor]
        helpdesk.reply(int(ticket_id), int(agent_id), text, public=public)

    def press(self, channel: str, ts: str, action_id: str, user_id: str, value: str | None = None) -> None:
        """Press a button in Slack. Raises LookupError."""
        self.slack.press(channel, ts, action_id, user_id, value)

    def hand_over_example(self) -> dict[str, Any]:
        """Let the bot hand over a conversation of a new customer. Raises BridgeError."""
        return self.bot.hand_off(example_handoff(self._clock(), next(self._examples)))

    def reset(self) -> None:
        """Forget everything that happened, and every fault; addresses and the bridge stay."""
        with self._lock:
            self.outbox.close()
            self._open_stand_ins()
            self._tell_where_served()
            for name, one in self.stand_ins.items():
                self._doors[name].app = one.app
        self.script.clear()
        self.journal.clear()
        self.bot.clear()

    def stop(self) -> None:
        """Close every port, then the outbox."""
        for server in self._servers.values():
            server.begin_to_stop()
        self._listening.close()
        self.outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _open_stand_ins(self) -> None:
        self.outbox = Outbox(clock=self._clock, script=self.script, journal=self.journal, pace=self._pace)
        self.stand_ins: dict[str, StandIn] = {
            vendor.name: vendor.open(self._clock, self.outbox, self._pace) for vendor in self._vendors
        }
        if self.bridge_url is not None:
            self.connect(self.bridge_url)

    def _tell_where_served(self) -> None:
        """Let Slack's response_urls lead to where it is served."""
        if "slack" in self.stand_ins:
            self.slack.served_at(self.url("slack"))

    def _door(self, vendor: str, app: Any, *, under: str = "/") -> FaultMiddleware:
        return FaultMiddleware(app, vendor=vendor, script=self.script, journal=self.journal, under=under)

    def _listen(self, ports: Ports, host: str) -> ExitStack:
        with ExitStack() as servers:
            for name, door in self._doors.items():
                port = getattr(ports, name)
                try:
                    self._servers[name] = servers.enter_context(serve(door, port, host))
                except OSError as error:
                    raise OSError(error.errno, f"port {port} for {name}: {error.strerror}") from error
            return servers.pop_all()


def run_sandbox(
    *,
    ports: Ports = Ports(),
    bridge_url: str = BRIDGE_URL,
    key: str | None = None,
    write: Callable[[str], None] = print,
    until: threading.Event | None = None,
) -> None:
    """Run the sandbox until Ctrl-C, or until `until` is set, after telling how to point a bridge at it."""
    with Sandbox(ports=ports) as sandbox:
        sandbox.connect(bridge_url, key)
        write(_greeting(sandbox))
        try:
            (until or threading.Event()).wait()
        except KeyboardInterrupt:
            write("Stopping.")


def _greeting(sandbox: Sandbox) -> str:
    addresses = [f"  {label:<10} {url}" for label, url in sandbox.addresses().items()]
    settings = [f"  export {name}={value}" for name, value in sandbox.environment().items()]
    return "\n".join(
        [
            "The sandbox is running. Open the page and watch:",
            *addresses,
            "",
            f"Its webhooks go to the bridge at {sandbox.bridge_url}. Start one there with these settings:",
            *settings,
            "",
            "Ctrl-C stops it.",
        ]
    )
