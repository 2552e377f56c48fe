"""Customers and their bot: when they come, what they ask, and what they do while they wait."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sandbox.bot import BotStandIn, BridgeError
from sandbox.simulation.case import Case
from sandbox.simulation.timetable import Timetable

#: conversations in each hour of the shop's day, as weights: quiet nights, a peak after dinner
BUSY: Final = (2, 1, 1, 1, 1, 2, 4, 7, 11, 15, 17, 17, 16, 15, 15, 16, 18, 21, 26, 34, 44, 30, 14, 6)
CHANNELS: Final = (("whatsapp", 60), ("web", 25), ("email", 15))
TOPICS: Final = ("refund", "delivered_not_received", "size_exchange", "invoice", "warranty", "other")
TRIGGERS: Final = ("failure", "topic", "policy", "asked", "emotion")
NAMES: Final = ("Priya Nair", "Arjun Mehta", "Sara Thomas", "Leela Menon", "Anil Kumar", "Zoya Ali")
CARD_NUMBER: Final = "4111 1111 1111 1111"  #: what no chat may show

HEARS_CALLBACKS: Final = 0.8  #: share of handoffs whose bot gives an address
WRITES_ON: Final = 0.3
WITHDRAWS: Final = 0.04
ASKS_AGAIN: Final = 0.03  #: while it is open
COMES_BACK: Final = 0.03  #: after an answer
CLOCK_IS_WRONG: Final = 0.01  #: share of handoffs whose bot's clock is off by hours
RETRY_SECONDS: Final = 2.0
MOST_POSTS: Final = 30


def arrivals(chance: random.Random, start: datetime, hours: float, conversations: int) -> list[datetime]:
    """Return when each conversation begins, in order. `start` is midnight in the shop."""
    share = hours / len(BUSY)
    moments = (
        start + timedelta(hours=share * (hour + chance.random()))
        for hour in chance.choices(range(len(BUSY)), BUSY, k=conversations)
    )
    return sorted(moments)


class Customers:
    """Everybody who comes that day, and the bot that speaks with them first."""

    def __init__(
        self,
        chance: random.Random,
        timetable: Timetable,
        bot: BotStandIn,
        callback_url: str,
    ) -> None:
        self._chance = chance
        self._timetable = timetable
        self._bot = bot
        self._callback_url = callback_url
        self.cases: list[Case] = []
        self.by_handoff: dict[str, Case] = {}

    def come(self, moments: list[datetime], share_handed_over: float) -> None:
        """Plan the day: a conversation takes some minutes, and so many of them end in a handoff."""
        wanted = round(len(moments) * share_handed_over)
        for moment in sorted(self._chance.sample(moments, wanted)):
            with_bot = timedelta(seconds=self._chance.uniform(40, 400))
            self._timetable.at(moment + with_bot, partial(self._hand_over, moment))

    def come_back(self, case: Case) -> None:
        """Hand an answered conversation over anew, some time later."""
        if self._chance.random() < COMES_BACK:
            self._timetable.after(self._chance.uniform(60, 900), lambda: self._anew(case))

    def _hand_over(self, began_at: datetime) -> None:
        case = self._case(self._payload(began_at))
        self._post(case)
        if self._chance.random() < WRITES_ON:
            self._timetable.after(self._chance.uniform(20, 600), lambda: self._write_on(case))
        if self._chance.random() < WITHDRAWS:
            self._timetable.after(self._chance.uniform(30, 1500), lambda: self._withdraw(case))
        elif self._chance.random() < ASKS_AGAIN:
            self._timetable.after(self._chance.uniform(30, 300), lambda: self._ask_again(case))

    def _case(self, payload: dict[str, Any], *, again: bool = False) -> Case:
        number = len(self.cases) + 1
        case = Case(payload=payload, key=f"bot-{number}", begins_at=self._timetable.now, again=again)
        self.cases.append(case)
        return case

    def _post(self, case: Case) -> None:
        """Post, and again with the same key until the bridge has answered."""
        case.attempts += 1
        try:
            answer = self._bot.hand_off(case.payload, idempotency_key=case.key)
        except BridgeError as refused:
            if refused.status is not None and refused.status < 500 and refused.status != 429:
                raise
            if case.attempts < MOST_POSTS:
                self._timetable.after(RETRY_SECONDS * case.attempts, lambda: self._post(case))
            return
        if case.handoff_id is None:
            case.handoff_id = str(answer["id"])
            self.by_handoff.setdefault(case.handoff_id, case)

    def _anew(self, before: Case) -> None:
        payload = before.payload | self._times(self._timetable.now - timedelta(minutes=1))
        self._post(self._case(payload, again=True))

    def _ask_again(self, case: Case) -> None:
        """The bot asks again for the same conversation: with another key, and a word more."""
        if case.handoff_id is None or case.is_over or case.replies:
            return
        payload = case.payload | {"sentiment": "upset"}
        try:
            self._bot.hand_off(payload, idempotency_key=f"{case.key}-again")
        except BridgeError:
            return  # it was said before

    def _write_on(self, case: Case) -> None:
        if case.handoff_id is None or case.is_over:
            return
        try:
            self._bot.say(case.conversation_id, "Are you still there?")
        except BridgeError:
            return  # the customer sees that it did not arrive

    def _withdraw(self, case: Case) -> None:
        if case.handoff_id is None or case.is_over or case.replies:
            return
        try:
            self._bot.withdraw(case.conversation_id, "the customer left")
        except BridgeError:
            self._timetable.after(RETRY_SECONDS, lambda: self._withdraw(case))
            return
        case.withdrawn_at = self._timetable.now

    def _payload(self, began_at: datetime) -> dict[str, Any]:
        number, chance = len(self.cases) + 1, self._chance
        name, topic = chance.choice(NAMES), chance.choice(TOPICS)
        customer = {"name": name, "external_id": f"c-{number}", "locale": "en-IN"}
        if chance.random() < 0.9:
            customer["email"] = f"customer{number}@customer.example"
        payload: dict[str, Any] = {
            "conversation_id": f"conversation-{number}",
            "channel": chance.choices([name for name, _ in CHANNELS], [many for _, many in CHANNELS])[0],
            "topic": topic,
            "trigger": {"kind": chance.choice(TRIGGERS), "code": topic},
            "customer": customer,
            "transcript": list(self._turns(began_at, topic)),
            **self._times(began_at),
        }
        if chance.random() < 0.8:
            wants = f"help with {topic}" + (f", paid with {CARD_NUMBER}" if chance.random() < 0.05 else "")
            payload["summary"] = {"wants": wants, "tried": "the help page", "suspects": "a mistake of ours"}
        if chance.random() < HEARS_CALLBACKS:
            payload["callback_url"] = self._callback_url
        return payload

    def _times(self, began_at: datetime) -> dict[str, str]:
        asked_at = self._timetable.now - timedelta(seconds=self._chance.uniform(0, 5))
        if self._chance.random() < CLOCK_IS_WRONG:
            asked_at += timedelta(hours=self._chance.choice((-30, -2, 3)))
        return {"started_at": began_at.isoformat(), "asked_at": asked_at.isoformat()}

    def _turns(self, began_at: datetime, topic: str) -> Iterator[dict[str, str]]:
        for place in range(self._chance.randint(2, 6)):
            speaker = ("customer", "bot")[place % 2]
            at = began_at + timedelta(seconds=8 * place)
            yield {"speaker": speaker, "text": f"About {topic}, line {place}", "at": at.isoformat()}


def lognormal(chance: random.Random, median_seconds: float, spread: float = 0.8) -> float:
    return chance.lognormvariate(math.log(median_seconds), spread)
