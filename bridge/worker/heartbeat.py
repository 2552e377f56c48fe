"""A sign of life to a watcher outside, which raises the alarm when it stops coming."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import requests
import structlog

log = structlog.get_logger()

TIMEOUT_SECONDS: Final = 10
#: the clocks are looked at each second; a look longer ago than this means that the tick hangs
LIVELY: Final = timedelta(seconds=15)


class Heartbeat:
    """Calls `url` when told to, and only while the clocks are being looked at.

    `looked_at` returns when the clocks were last looked at to the end, None for never. The address is the
    operator's own, so it may lead anywhere, and is not shown in the log.
    """

    def __init__(self, url: str, looked_at: Callable[[], datetime | None]) -> None:
        self._url = url
        self._looked_at = looked_at

    def beat(self, now: datetime) -> bool:
        """Give one sign of life. Return False when there was none to give, or nobody took it."""
        looked_at = self._looked_at()
        if looked_at is None or now - looked_at > LIVELY:
            log.error("heartbeat_withheld", reason="the clocks are not looked at")
            return False
        try:
            answer = requests.get(self._url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            log.warning("heartbeat_not_taken", error=type(error).__name__)
            return False
        if not answer.ok:
            log.warning("heartbeat_not_taken", status=answer.status_code)
        return answer.ok
