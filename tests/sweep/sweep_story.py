"""The main story in acts. Each is played until nothing is owed, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import requests
from sweep_post import PATIENCE_SECONDS
from sweep_process import BridgeProcess, Died
from sweep_town import Town

from sandbox.bot import BridgeError

T = TypeVar("T")

BEGIN: Final = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
CONVERSATION: Final[dict[str, Any]] = {
    "conversation_id": "wa-4411",
    "channel": "whatsapp",
    "trigger": {"kind": "asked"},
    "topic": "refund",
    "customer": {"name": "Priya Nair", "email": "priya@customer.example"},
    "summary": {
        "wants": "the refund for order 4411",
        "tried": "order lookup",
        "suspects": "a split payment",
    },
    "asked_at": (BEGIN - timedelta(seconds=30)).isoformat(),
    "transcript": [{"speaker": "customer", "text": "Where is my refund?"}],
}
#: more rounds than this mean that something is owed for ever
MOST_ROUNDS: Final = 40


class Stage:
    """The town, and a bridge that comes back whenever it dies."""

    def __init__(self, town: Town, process: BridgeProcess, start: Callable[[], None], key: str) -> None:
        self.town = town
        self.process = process
        self._start = start
        self._key = key
        self.handoff_id = ""
        self.on_death: Callable[[], None] | None = None

    def insist(self, step: Callable[[], T]) -> T:
        """Do a step, again after each death."""
        while True:
            try:
                return step()
            except Died:
                self.revive()

    def revive(self) -> None:
        """Start the bridge again, as whoever watches over it does."""
        if self.on_death:
            self.on_death()
        self._start()
        self.process.ask("open")

    def at(self, **since_begin: float) -> None:
        """Move the clock on to this long after the story's beginning."""
        moment = BEGIN + timedelta(**since_begin)
        assert self.town.clock() <= moment, "the act before took longer than the story has time for"
        self.town.clock.set(moment)

    def settle(self) -> None:
        """Let the bridge and the vendors work, and time pass, until nothing is owed."""
        for _ in range(MOST_ROUNDS):
            told = self.insist(lambda: self.process.ask("turn"))
            if self.deliver():
                continue
            if not told["owed"]:
                return
            self.town.clock.set(datetime.fromisoformat(told["next"]))
        raise AssertionError("something is owed for ever")

    def deliver(self) -> list[Any]:
        """Let the vendors' webhooks come, and start the bridge again where one killed it."""
        return self.town.post.deliver(self._missed)

    def call(self, post: Callable[[], T]) -> T:
        """Make a call to the bridge's address. Raises Died when it died over it."""
        try:
            return post()
        except requests.ConnectionError:
            pass
        except BridgeError as error:
            if error.status is not None:
                raise
        self.process.mourn()
        raise Died

    def write(self, text: str) -> None:
        """Pass on what the customer writes, under a key of its own."""
        answer = requests.post(
            f"{self.process.url}/v1/handoffs/{self.handoff_id}/messages",
            json={"messages": [{"speaker": "customer", "text": text}]},
            headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": text},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.status_code == 202, answer.text

    def _missed(self) -> None:
        self.process.mourn()
        self.revive()


def bridge_starts(stage: Stage) -> None:
    try:
        stage.process.ask("open")
    except Died:
        stage.revive()


def bot_hands_over(stage: Stage) -> None:
    """The bot asks until it has its 202; ticket and card follow, and the bot hears of them."""
    answer = stage.insist(lambda: stage.call(lambda: stage.town.bot.hand_off(CONVERSATION)))
    stage.handoff_id = str(answer["id"])
    stage.settle()


def first_rung_fires(stage: Stage) -> None:
    stage.at(minutes=7)
    stage.settle()


def owner_claims(stage: Stage) -> None:
    """Asha presses, and presses again where Slack showed her an error."""
    stage.at(minutes=9)
    stage.town.asha_claims()
    while not all(answer.accepted for answer in stage.deliver()):
        stage.town.asha_claims()
    stage.settle()


def customer_writes(stage: Stage) -> None:
    stage.at(minutes=11)
    stage.insist(lambda: stage.call(lambda: stage.write("Hello? Is anybody there?")))
    stage.settle()


def promise_breaks(stage: Stage) -> None:
    """The promise and the second rung are due at the same moment."""
    stage.at(minutes=14, seconds=30)
    stage.settle()


def person_answers(stage: Stage) -> None:
    """Told of by webhook, which may be lost, and read back by the next poll."""
    stage.at(minutes=17)
    stage.town.agent_replies("Your refund is on its way.")
    stage.settle()
    stage.at(minutes=20)
    stage.settle()


def ticket_is_solved(stage: Stage) -> None:
    """No webhook tells of it: a poll finds it, once the helpdesk shows it."""
    stage.at(minutes=20, seconds=30)
    stage.town.agent_solves()
    stage.at(minutes=42)
    stage.settle()


def an_hour_passes(stage: Stage) -> None:
    """The webhooks that a vendor repeats come late, and nothing more happens."""
    stage.at(hours=1)
    stage.settle()


STORY: Final = (
    bridge_starts,
    bot_hands_over,
    first_rung_fires,
    owner_claims,
    customer_writes,
    promise_breaks,
    person_answers,
    ticket_is_solved,
    an_hour_passes,
)
