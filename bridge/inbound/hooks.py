"""Where vendors call us: helpdesk webhooks and presses in the chat. Verified first, kept, then answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from bridge.accounts import Accounts
from bridge.inbound.helpdesk import take_in
from bridge.intake.body import raw_body
from bridge.store import Database, Transaction, tables
from connectors.chat import Receiver
from connectors.errors import NotForUs, NotFromVendor
from connectors.registry import Connectors

log = structlog.get_logger()
Body = Annotated[bytes, Depends(raw_body)]
CONNECTIONS = tables.connections


def hook_routes(
    database: Database,
    accounts: Accounts,
    connectors: Connectors,
    receiver: Receiver | None,
    clock: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(tags=["vendors"], include_in_schema=False)

    @router.post("/hooks/{vendor}/{hook}")
    def helpdesk(vendor: str, hook: str, request: Request, body: Body) -> Response:
        """Take a helpdesk's webhook. 401 for anything not signed as it should be, with no more said."""
        place = _place(database, vendor, hook)
        connector = connectors.helpdesks.get(place[1]) if place else None
        if place is None or connector is None:
            return Response(status_code=404)
        account_id, connection = place
        now = clock()
        try:
            event = connector.receive(request.headers, body, now)
        except NotFromVendor:
            return Response(status_code=401)
        except NotForUs:
            return Response(status_code=200)

        def work(tx: Transaction) -> bool:
            return take_in(tx, accounts.of(tx.connection, account_id), connection, event, body, now)

        fresh = database.transact(work)
        log.info("webhook_taken", connection=connection, fresh=fresh)
        return Response(status_code=200)

    @router.post("/slack/events")
    def chat(request: Request, body: Body) -> Response:
        """Take what the chat sends: presses, and the check of our address."""
        if receiver is None:
            return Response(status_code=404)
        try:
            answer = receiver.handle(request.headers, body, clock())
        except NotFromVendor:
            return Response(status_code=401)
        return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))

    return router


def _place(database: Database, vendor: str, hook: str) -> tuple[str, str] | None:
    """Return the account and connection behind a hook's address; None for an unknown one."""
    with database.read() as connection:
        row = connection.execute(
            select(CONNECTIONS.c.account_id, CONNECTIONS.c.connection).where(
                CONNECTIONS.c.vendor == vendor, CONNECTIONS.c.hook == hook
            )
        ).first()
    return (row.account_id, row.connection) if row else None
