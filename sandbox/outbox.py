"""The outbox: sends webhooks as a vendor would, over real HTTP, with its patience and the script's faults."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import requests

from sandbox.clock import Clock, system_clock
from sandbox.faults import Action, Fault, FaultScript
from sandbox.journal import Journal

METHOD = "WEBHOOK"  #: how the fault script and the journal call what goes out
LOG_LENGTH = 1_000
BODY_KEPT = 64_000  #: bytes of an answer that are kept
CLOSE_SECONDS = 2.0

SHAPING = frozenset({Action.DELAY, Action.HOLD, Action.DUPLICATE, Action.DROP})
FAILING = frozenset({Action.RESET_BEFORE, Action.RESET_AFTER, Action.STATUS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back for one attempt. `status` is None when nothing did; `error` then says why."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str | None = None  #: "timeout" or "connection"

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


#: gets the attempt's number (from 1) and the answer before it (None at first), for marks of a retry and
#: fresh signatures
Headers = Callable[[int, Answer | None], Mapping[str, str]]
#: gets a refused attempt's answer and its number; returns seconds until the next attempt, None to give up
Patience = Callable[[Answer, int], float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One POST a vendor owes somebody.

    After an answer outside 2xx, or none, attempt n+1 follows `delays[n-1]` seconds later; `patience`
    decides instead where the vendor looks at the answer. `on_answer` hears of every attempt, in the
    outbox's thread. `label` names it to the fault script: "WEBHOOK <label>". `carry` makes an attempt
    another way than by a POST.
    """

    url: str
    headers: Mapping[str, str] | Headers
    body: bytes
    vendor: str
    label: str
    delays: tuple[float, ...] = ()  #: seconds
    patience: Patience | None = None
    timeout_seconds: float = 10.0
    on_answer: Callable[[Answer], None] | None = None
    carry: Callable[[Parcel], Answer] | None = None

    def headers_for(self, number: int, last: Answer | None) -> dict[str, str]:
        return dict(self.headers(number, last) if callable(self.headers) else self.headers)

    def next_wait(self, answer: Answer, number: int) -> float | None:
        """Return seconds until the attempt after `number`, or None when this was the last."""
        if answer.accepted:
            return None
        if self.patience is not None:
            return self.patience(answer, number)
        return self.delays[number - 1] if number <= len(self.delays) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One line of the outbox's log."""

    at: datetime
    vendor: str
    label: str
    url: str
    number: int  #: from 1
    status: int | None
    error: str | None
    fault: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """One attempt to come at a delivery."""

    delivery: Delivery
    number: int = 1
    last: Answer | None = None


#: tries a parcel once; returns what to try next and in how many seconds, or None when it is settled
AttemptOnce = Callable[[Parcel], tuple[Parcel, float] | None]


class Lane(Protocol):
    """What one vendor sends, in the order in which it is due."""

    def put(self, parcel: Parcel, wait_seconds: float) -> None:
        """Let it leave after the wait, and what is held with it."""

    def hold(self, parcel: Parcel) -> None:
        """Let it leave after the next one."""

    def drain(self, deadline: float) -> None:
        """Wait until everything has left, until so late on the monotonic clock. Raises TimeoutError."""

    def close(self) -> None: ...


class Outbox:
    """Delivers in the background, each vendor's in the order given, and logs every attempt.

    `pace` multiplies every wait between attempts: 0.001 makes a minute 60 ms. `lane` makes what sends
    one vendor's parcels; by default that is a thread.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        script: FaultScript | None = None,
        journal: Journal | None = None,
        pace: float = 1.0,
        lane: Callable[[str, AttemptOnce], Lane] | None = None,
    ) -> None:
        self._new_lane = lane or _ThreadLane
        self._clock = clock
        self._script = script or FaultScript()
        self._journal = journal or Journal(clock)
        self._pace = pace
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}
        self._log: deque[Attempt] = deque(maxlen=LOG_LENGTH)
        self._closed = False

    def send(self, delivery: Delivery) -> None:
        """Take a delivery over and return at once. Raises RuntimeError after `close()`."""
        fault = self._script.take(delivery.vendor, METHOD, delivery.label, among=SHAPING)
        lane = self._lane(delivery.vendor)
        parcel = Parcel(delivery=delivery)
        if fault is None:
            lane.put(parcel, 0.0)
        elif fault.action is Action.DROP:
            self._note(parcel, Answer(error="dropped"), fault)
        elif fault.action is Action.HOLD:
            lane.hold(parcel)
        else:
            lane.put(parcel, fault.seconds)
            if fault.action is Action.DUPLICATE:
                lane.put(parcel, fault.seconds)

    def log(self) -> tuple[Attempt, ...]:
        """Return the last attempts, oldest first."""
        with self._lock:
            return tuple(self._log)

    def drain(self, timeout: float = 5.0) -> None:
        """Wait until everything has left, retries too; what is held goes last. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        with self._lock:
            lanes = tuple(self._lanes.values())
        for lane in lanes:
            lane.drain(deadline)

    def close(self) -> None:
        """Stop; what has not left is forgotten."""
        with self._lock:
            self._closed = True
            lanes = tuple(self._lanes.values())
        for lane in lanes:
            lane.close()

    def _lane(self, vendor: str) -> Lane:
        with self._lock:
            if self._closed:
                raise RuntimeError("the outbox is closed")
            if vendor not in self._lanes:
                self._lanes[vendor] = self._new_lane(vendor, self._attempt)
            return self._lanes[vendor]

    def _attempt(self, parcel: Parcel) -> tuple[Parcel, float] | None:
        """Try once; return what to try next and in how many seconds, or None when it is settled."""
        delivery = parcel.delivery
        fault = self._script.take(delivery.vendor, METHOD, delivery.label, among=FAILING)
        began = time.monotonic()
        answer = _spoiled_post(parcel, fault)
        self._note(parcel, answer, fault, milliseconds=round((time.monotonic() - began) * 1000))
        if delivery.on_answer is not None:
            delivery.on_answer(answer)
        wait = delivery.next_wait(answer, parcel.number)
        if wait is None:
            return None
        return Parcel(delivery=delivery, number=parcel.number + 1, last=answer), wait * self._pace

    def _note(self, parcel: Parcel, answer: Answer, fault: Fault | None, *, milliseconds: int = 0) -> None:
        delivery, action = parcel.delivery, None if fault is None else fault.action.value
        self._journal.note(
            delivery.vendor, METHOD, delivery.label, answer.status, fault=action, milliseconds=milliseconds
        )
        attempt = Attempt(
            at=self._clock(),
            vendor=delivery.vendor,
            label=delivery.label,
            url=delivery.url,
            number=parcel.number,
            status=answer.status,
            error=answer.error,
            fault=action,
        )
        with self._lock:
            self._log.append(attempt)


class _ThreadLane:
    """One vendor's thread: what is due goes out, one at a time, earliest first."""

    def __init__(self, vendor: str, attempt: AttemptOnce) -> None:
        self._attempt = attempt
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Parcel]] = []
        self._order = itertools.count()
        self._held: list[Parcel] = []
        self._busy = False
        self._open = True
        self._thread = threading.Thread(target=self._run, name=f"outbox-{vendor}", daemon=True)
        self._thread.start()

    def put(self, parcel: Parcel, wait_seconds: float) -> None:
        with self._changed:
            self._push(parcel, wait_seconds)
            for held in self._held:
                self._push(held, wait_seconds)
            self._held.clear()

    def hold(self, parcel: Parcel) -> None:
        with self._changed:
            self._held.append(parcel)

    def drain(self, deadline: float) -> None:
        with self._changed:
            for held in self._held:
                self._push(held, 0.0)
            self._held.clear()
            if not self._changed.wait_for(self._is_idle, max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"{len(self._due)} deliveries have not left the outbox")

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join(CLOSE_SECONDS)

    def _push(self, parcel: Parcel, wait_seconds: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + wait_seconds, next(self._order), parcel))
        self._changed.notify_all()

    def _is_idle(self) -> bool:
        return not self._due and not self._busy

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            follow_up = None
            try:
                follow_up = self._attempt(parcel)
            finally:
                self._settle(follow_up)

    def _next(self) -> Parcel | None:
        """Wait for what is due; None when the lane is closed."""
        with self._changed:
            while self._open:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _settle(self, follow_up: tuple[Parcel, float] | None) -> None:
        with self._changed:
            self._busy = False
            if follow_up is not None:
                self._push(*follow_up)
            self._changed.notify_all()


def _spoiled_post(parcel: Parcel, fault: Fault | None) -> Answer:
    carry = parcel.delivery.carry or _post
    if fault is None:
        return carry(parcel)
    if fault.action is Action.RESET_BEFORE:
        return Answer(error="connection")
    carry(parcel)
    if fault.action is Action.RESET_AFTER:
        return Answer(error="connection")
    retry_after = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return Answer(status=fault.status, headers=retry_after)


def _post(parcel: Parcel) -> Answer:
    delivery = parcel.delivery
    headers = delivery.headers_for(parcel.number, parcel.last)
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the surroundings has no business here
            response = session.post(
                delivery.url,
                data=delivery.body,
                headers=headers,
                timeout=delivery.timeout_seconds,
                allow_redirects=False,
            )
    except requests.Timeout:
        return Answer(error="timeout")
    except requests.RequestException:
        return Answer(error="connection")
    return Answer(
        status=response.status_code, headers=dict(response.headers), body=response.content[:BODY_KEPT]
    )
