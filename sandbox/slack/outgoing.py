"""The one way out to the bridge: signed over HTTP, or through a socket where Socket Mode is on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.clock import Clock
from sandbox.outbox import Answer, Delivery, Outbox
from sandbox.slack.sending import event_delivery, event_wrapper, form_delivery, press_delivery
from sandbox.slack.sockets import Sockets

EVENTS_PATH = "/slack/events"
#: how much longer than the bridge may take somebody waits who asked to; what stood before it in line takes time too
LINE_SECONDS = 12.0

OnAnswer = Callable[[Answer], None]


class Outgoing:
    """Hands everything to the outbox. Nothing here takes the stand-in's lock; whoever calls does not hold it."""

    def __init__(
        self, *, outbox: Outbox, clock: Clock, secret: str, sockets: Sockets, patience_seconds: float
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._secret = secret
        self._sockets = sockets
        self._patience_seconds = patience_seconds
        self.url = ""
        self.socket_mode = False

    def connect(self, bridge_url: str) -> None:
        self.url = bridge_url.rstrip("/") + EVENTS_PATH

    def interaction(self, payload: Mapping[str, Any], on_answer: OnAnswer, *, wait: bool = False) -> None:
        """Tell of what a person did, once; with `wait` return when the bridge has answered or taken too long."""
        delivery = press_delivery(self.url, payload, self._secret, self._clock)
        self._send(delivery, "interactive", payload, on_answer, wait=wait)

    def command(self, fields: Mapping[str, str], on_answer: OnAnswer, *, wait: bool = False) -> None:
        label = f"slash_command {fields['command']}"
        delivery = form_delivery(self.url, fields, label, self._secret, self._clock)
        self._send(delivery, "slash_commands", fields, on_answer, wait=wait)

    def event(self, event: Mapping[str, Any], number: int) -> None:
        """Tell of an event, again and again until it is taken."""
        wrapper = event_wrapper(event, number, self._clock)
        delivery = event_delivery(self.url, wrapper, self._secret, self._clock)
        self._send(delivery, "events_api", wrapper, None)

    def _send(
        self,
        delivery: Delivery,
        kind: str,
        payload: Mapping[str, Any],
        on_answer: OnAnswer | None,
        *,
        wait: bool = False,
    ) -> None:
        answered = threading.Event()

        def take(answer: Answer) -> None:
            if on_answer is not None:
                on_answer(answer)
            answered.set()

        carry = self._sockets.envelope(kind, payload) if self.socket_mode else None
        self._outbox.send(
            replace(delivery, on_answer=take, carry=carry, timeout_seconds=self._patience_seconds)
        )
        if wait:
            answered.wait(self._patience_seconds + LINE_SECONDS)
