"""Nothing is written to a vendor by a worker that no longer holds what it writes about.

A worker may be frozen at any point of a call (SIGSTOP, a machine that is paused) for longer than its
lease. Another has then taken the delivery, looked for a trace, found none and sent it. So the last look at
the lease comes as late as can be: when the connection stands, right before the bytes leave.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from connectors.errors import Busy
from connectors.http_answers import READING

_may_write: Final[ContextVar[Callable[[], bool]]] = ContextVar("may_write", default=lambda: True)

if TYPE_CHECKING:
    Base = http.client.HTTPConnection
else:
    Base = object


@contextmanager
def held_while(may_write: Callable[[], bool]) -> Iterator[None]:
    """Let calls of this thread write only while `may_write` says so; a later one raises Busy, nothing done."""
    before = _may_write.set(may_write)
    try:
        yield
    finally:
        _may_write.reset(before)


def must_be_held() -> None:
    """Return where a call of this thread may write now. Raises Busy where it may not, nothing done."""
    if not _may_write.get()():
        raise Busy("bridge", "the call came too late; another worker may have taken it over")


class Fenced(Base):
    """Goes before a connection of `http.client` or urllib3."""

    _reads = True  #: what comes before a request, such as the way through a proxy, writes nothing

    def putrequest(self, method: str, *args: Any, **kwargs: Any) -> None:
        self._reads = method in READING
        super().putrequest(method, *args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        if not self._reads:
            try:
                must_be_held()
            except Busy:
                self.close()
                raise
        super().send(data)
