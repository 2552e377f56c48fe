"""Is it alive, can it serve, and how is it doing: /livez, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from bridge.store import Database, StoreUnavailable
from bridge.store.migrate import is_current
from bridge.web.measures import measures


def health_routes(database: Database, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/livez")
    def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"description": "Not ready; `reason` says why"}})
    def readyz(response: Response) -> dict[str, str]:
        """The store can be reached and written and has this version's schema; 503 tells which is not so."""
        why_not = _why_not_ready(database)
        if why_not is None:
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready", "reason": why_not}

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={503: {"description": "The store cannot be reached"}},
    )
    def metrics() -> Response:
        """Measures in Prometheus' text format, counted from the store so that any process may be asked."""
        return Response(measures(database, clock()), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _why_not_ready(database: Database) -> str | None:
    try:
        if not is_current(database):
            return "run `handoff migrate`: the store has another schema"
        if not database.is_writable():
            return "the store is read-only"
    except StoreUnavailable:
        return "the store cannot be reached"
    refused = database.strain.refused_lately()
    return f"the store kept nothing when it was last asked ({refused})" if refused else None
