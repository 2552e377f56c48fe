"""A receiver on loopback for the guard's tests."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from bad_receiver import Receiver, answering


@pytest.fixture
def receiver():
    """Serve `Receiver.act`, which a test sets; 204 until then."""
    kept = Receiver(answering(204))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.seen.append((self.path, dict(self.headers), body))
            try:
                kept.act(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept
    kept.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()
