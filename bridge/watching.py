"""Logs and measures: what the operator sees. No customer's word and no secret gets in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

from bridge.handoffs.redaction import mask
from bridge.settings import Settings

HIDDEN: Final = "[secret]"
#: fields that hold words and ids of our own
OURS: Final = frozenset({"timestamp", "level", "event", "handoff", "delivery"})
#: loggers of libraries that write requests, bodies or retries on their own
NOISY: Final = (
    "slack_bolt",
    "slack_sdk",
    "urllib3",
    "zenpy",
    "apprise",
    "apscheduler",
    "alembic",
    "uvicorn.access",
    "httpx",
)


def set_up_logging(settings: Settings, *, quiet: bool = False) -> None:
    """Send structured events to standard error, as text or JSON, with secrets taken out.

    What libraries log becomes an event too. `quiet` leaves only what went wrong.
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
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()])
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class _Libraries(logging.Handler):
    """Tells which library had something to say and where, but not its text: that may quote anything."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            "library_log",
            logger=record.name,
            place=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


class _Cleaner:
    """Take secrets out of every field, and whatever looks like a customer's data."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for name, value in event.items():
            event[name] = self._without_secrets(value) if name in OURS else self._clean(value)
        return event

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, Mapping):
            return {str(name): self._clean(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(inner) for inner in value]
        if isinstance(value, BaseException):
            return type(value).__name__
        return mask(self._without_secrets(value))

    def _without_secrets(self, value: Any) -> str:
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _without_values(exc_info: Any) -> str:
    """Return where an exception came from, without its text: that may quote a customer."""
    error_type, _, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-2:])
        places.append(f"{file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{error_type.__name__} at {' < '.join(reversed(places[-6:]))}"
