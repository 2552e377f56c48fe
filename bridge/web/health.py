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
        """The store can be reached and has this version's schema; 503 tells which is not so."""
        try:
            ready = is_current(database)
        except StoreUnavailable:
            response.status_code = 503
            return {"status": "not ready", "reason": "the store cannot be reached"}
        if not ready:
            response.status_code = 503
            return {"status": "not ready", "reason": "run `handoff migrate`: the store has another schema"}
        return {"status": "ready"}

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={503: {"description": "The store cannot be reached"}},
    )
    def metrics() -> Response:
        """Measures in Prometheus' text format, counted from the store so that any process may be asked."""
        return Response(measures(database, clock()), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
