"""Logs and measures: what the operator sees. No customer's word and no secret gets in."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from bridge.handoffs.redaction import mask
from bridge.settings import Settings

HIDDEN: Final = "[secret]"
#: loggers of libraries that write requests, bodies or retries on their own
NOISY: Final = (
    "slack_bolt",
    "slack_sdk",
    "urllib3",
    "zenpy",
    "apscheduler",
    "alembic",
    "uvicorn.access",
    "httpx",
)


def set_up_logging(settings: Settings, *, quiet: bool = False) -> None:
    """Send structured events to standard error, as text or JSON, with secrets taken out.

    `quiet` leaves only what went wrong.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_without_values),
            _Cleaner(settings.secrets),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s")
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Cleaner:
    """Take secrets out of every field, and whatever looks like a customer's data."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for name, value in event.items():
            if isinstance(value, str) and name not in ("timestamp", "level", "event", "handoff", "delivery"):
                event[name] = self._clean(value)
        return event

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return mask(text)


def _without_values(exc_info: Any) -> str:
    """Return where an exception came from, without its text: that may quote a customer."""
    error_type, _, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 3)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{error_type.__name__} at {' < '.join(reversed(places[-6:]))}"
