"""One attempt at one delivery, as a worker holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bridge.handoffs.account import Account
from bridge.handoffs.change import Change
from bridge.store import Transaction
from connectors.base import Once

Errand = Callable[[Transaction, Account, datetime], None]  #: changes the store beside the settlement
#: in the payload of a delivery that tells of a handoff and stands in no handoff's order: which one
ABOUT: Final = "about"


class DeliveryState(StrEnum):
    OWED = "owed"
    UNKNOWN = "unknown"  #: owed still, but an attempt's answer was lost: look before sending again
    SETTLED = "settled"
    CANCELLED = "cancelled"
    DEAD = "dead"  #: given up; a person must look


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """`attempt` counts from 1. `first_tried_at` is None on the first attempt. `handoff_id` may be empty."""

    account_id: str
    delivery_id: str
    handoff_id: str
    connection: str
    kind: str
    lane: str
    payload: Mapping[str, Any]
    rung: int | None
    attempt: int
    lease: str
    lease_until: datetime
    look_first: bool
    first_tried_at: datetime | None

    @property
    def once(self) -> Once:
        return Once(key=self.delivery_id, look_first=self.look_first, first_tried_at=self.first_tried_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paid:
    """The call was made. `effect` is written together with the settlement.

    With `again_after` the same delivery is owed anew after that time, with `payload` in place of its own.
    `pointless` says that nothing was sent because nothing was left to say; the delivery is cancelled.
    """

    effect: Callable[[Change], None] | None = None
    again_after: timedelta | None = None
    payload: Mapping[str, Any] | None = None
    pointless: str | None = None
    errand: Errand | None = None  #: for what no handoff caused
