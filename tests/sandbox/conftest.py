"""A counting app behind the fault script, and a receiver that answers webhooks as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from sandbox.faults import Fault, FaultMiddleware, FaultScript, Journal
from sandbox.outbox import Delivery, Outbox
from sandbox.server import serve

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def still_clock() -> datetime:
    return NOON


@dataclass
class FaultyShop:
    """A vendor "shop" on a real port; `orders` are the bodies its one endpoint has worked on."""

    script: FaultScript = field(default_factory=FaultScript)
    journal: Journal = field(default_factory=lambda: Journal(still_clock))
    orders: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def app(self) -> FaultMiddleware:
        api = FastAPI()

        @api.post("/orders", status_code=201)
        def order(body: dict[str, Any]) -> dict[str, int]:
            self.orders.append(body)
            return {"id": len(self.orders)}

        return FaultMiddleware(api, vendor="shop", script=self.script, journal=self.journal)

    def goes_wrong(self, action: str, **more: Any) -> None:
        self.script.add(Fault(vendor="shop", call="POST /orders", action=action, **more))


@dataclass
class Receiver:
    """Takes webhooks; `answers` are the statuses it gives, in turn, then 200."""

    answers: list[int] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def app(self) -> FastAPI:
        api = FastAPI()

        @api.post("/hook")
        async def hook(request: Request) -> Response:
            body = await request.body()
            with self.lock:
                self.seen.append((dict(request.headers), body))
                return Response(status_code=self.answers.pop(0) if self.answers else 200)

        return api

    def bodies(self) -> list[str]:
        return [body.decode() for _, body in self.seen]

    def delivery(self, body: str = "first", **more: Any) -> Delivery:
        told = {"headers": {}, "label": "ticket.changed", "vendor": "shop"} | more
        return Delivery(url=f"{self.url}/hook", body=body.encode(), **told)


@pytest.fixture
def shop() -> Iterator[FaultyShop]:
    it = FaultyShop()
    with serve(it.app()) as running:
        it.url = running.url
        yield it


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    it = Receiver()
    with serve(it.app()) as running:
        it.url = running.url
        yield it


@pytest.fixture
def script() -> FaultScript:
    return FaultScript()


@pytest.fixture
def outbox(script: FaultScript) -> Iterator[Outbox]:
    box = Outbox(clock=still_clock, script=script, journal=Journal(still_clock), pace=0.001)
    yield box
    box.close()
