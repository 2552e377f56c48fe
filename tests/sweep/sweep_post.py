"""The vendors' webhooks, sent when the test says so and repeated as patiently as each vendor repeats them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import requests

from sandbox.outbox import Answer, Delivery

#: of real time; only a machine under great load needs so much
PATIENCE_SECONDS: Final = 60
NO_ANSWER: Final = Answer(error="connection")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    delivery: Delivery
    due_at: datetime
    number: int = 1
    last: Answer | None = None


class Post:
    """Takes the place of `sandbox.outbox.Outbox`, by the clock of the test."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: list[Parcel] = []

    def send(self, delivery: Delivery) -> None:
        self._waiting.append(Parcel(delivery=delivery, due_at=self._clock()))

    def told(self) -> list[Any]:
        """Return what is on its way."""
        return [
            (one.delivery.url, one.delivery.body, one.due_at, one.number, one.last) for one in self._waiting
        ]

    def forget(self) -> None:
        self._waiting.clear()

    def deliver(self, missed: Callable[[], None]) -> list[Answer]:
        """Make every attempt that is due and return the answers; `missed` hears that there was none."""
        now = self._clock()
        due = [parcel for parcel in self._waiting if parcel.due_at <= now]
        self._waiting = [parcel for parcel in self._waiting if parcel.due_at > now]
        return [self._attempt(parcel, missed) for parcel in due]

    def _attempt(self, parcel: Parcel, missed: Callable[[], None]) -> Answer:
        delivery = parcel.delivery
        answer = _sent(parcel)
        if answer is NO_ANSWER:
            missed()
        wait = delivery.next_wait(answer, parcel.number)
        if wait is not None:
            due_at = self._clock() + timedelta(seconds=wait)
            self._waiting.append(
                Parcel(delivery=delivery, due_at=due_at, number=parcel.number + 1, last=answer)
            )
        return answer


def _sent(parcel: Parcel) -> Answer:
    delivery = parcel.delivery
    headers = delivery.headers_for(parcel.number, parcel.last)
    try:
        response = requests.post(delivery.url, data=delivery.body, headers=headers, timeout=PATIENCE_SECONDS)
    except requests.ConnectionError:
        return NO_ANSWER
    return Answer(status=response.status_code, headers=dict(response.headers), body=response.content)
