"""Every place at which the process may die, counted; it dies at the one it was told to.

A place lies between two things that reach beyond the process: statements, commits and rollbacks, calls
to vendors and the parts of each, calls to us and their answers. After one and before the next is one place.
"""

from __future__ import annotations

import http.client
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

EXIT_STATUS: Final = 86  #: of a process that died where it was told to
ANSWER_SECONDS: Final = 60.0
LABEL_WORDS: Final = 3
#: places reached by something that outlives the process: a commit, a vendor's work, what others began
OUTLIVES: Final = ("turn", "asked", "committed", "sent")


class Boundaries:
    """Counts from 1 while armed. `last_words` hears the label of the place of death."""

    def __init__(self, last_words: Callable[[str], None]) -> None:
        self._last_words = last_words
        self._lock = threading.Lock()
        self._counting = False
        self._dies_at: int | None = None
        self._undo = ExitStack()
        self.passed: list[str] = []

    def arm(self, dies_at: int | None) -> None:
        """Count anew; die at the place of that number, None to live."""
        self.passed, self._dies_at, self._counting = [], dies_at, True

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Count nothing that is done inside."""
        counting, self._counting = self._counting, False
        try:
            yield
        finally:
            self._counting = counting

    def reach(self, label: str, before_dying: Callable[[], object] = lambda: None) -> None:
        with self._lock:
            if not self._counting:
                return
            self.passed.append(label)
            if len(self.passed) == self._dies_at:
                before_dying()
                self._last_words(label)
                os._exit(EXIT_STATUS)

    def install(self) -> None:
        """Put the places into SQLAlchemy and into the standard library's HTTP client, for this whole process."""

        def before_statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            self.reach(f"before {_words(statement)}")

        event.listen(Engine, "before_cursor_execute", before_statement)
        self._undo.callback(event.remove, Engine, "before_cursor_execute", before_statement)
        self._around(DefaultDialect, "do_commit", "before COMMIT", "committed")
        self._around(DefaultDialect, "do_rollback", "before ROLLBACK", None)
        self._within_calls()

    def remove(self) -> None:
        self._undo.close()

    def _around(self, owner: Any, method: str, before: str, after: str | None) -> None:
        original = getattr(owner, method)

        def wrapped(*given: Any) -> None:
            self.reach(before)
            original(*given)
            if after:
                self.reach(after)

        self._replace(owner, method, wrapped)

    def _within_calls(self) -> None:
        connection = http.client.HTTPConnection
        put, send, get = connection.putrequest, connection.send, connection.getresponse

        def putrequest(called: Any, method: str, url: str, *given: Any, **named: Any) -> None:
            called.sweep_call, called.sweep_parts = f"{method} {url.partition('?')[0]}", 0
            self.reach(f"before {called.sweep_call}")
            put(called, method, url, *given, **named)

        def send_part(called: Any, data: Any) -> None:
            if called.sweep_parts == 1:
                self.reach(f"headers sent {called.sweep_call}")
            called.sweep_parts += 1
            send(called, data)

        def getresponse(called: Any, *given: Any, **named: Any) -> Any:
            self.reach(f"sent {called.sweep_call}", lambda: _wait_for_answer(called))
            response = get(called, *given, **named)
            self.reach(f"answered {called.sweep_call}")
            return response

        for method in (putrequest, getresponse):
            self._replace(connection, method.__name__, method)
        self._replace(connection, "send", send_part)

    def _replace(self, owner: Any, method: str, by: Callable[..., Any]) -> None:
        self._undo.callback(setattr, owner, method, getattr(owner, method))
        setattr(owner, method, by)


class Edge:
    """The web app with the places of a call to us: before its work, and before its answer leaves."""

    def __init__(self, app: Any, boundaries: Boundaries) -> None:
        self._app = app
        self._boundaries = boundaries

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = f"{scope['method']} {scope['path']}"
        self._boundaries.reach(f"asked {call}")

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._boundaries.reach(f"answering {call}")
            await send(message)

        await self._app(scope, receive, answer)


def _wait_for_answer(connection: Any) -> None:
    """Let the vendor do its work before we are gone: what is half done on its side is not the same twice."""
    select.select([connection.sock], [], [], ANSWER_SECONDS)


def _words(statement: str) -> str:
    return " ".join(statement.split()[:LABEL_WORDS])
