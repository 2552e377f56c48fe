"""A server in a thread: there when asked, gone when told."""

from __future__ import annotations

import logging

import pytest
import requests
from fastapi import FastAPI

from sandbox.server import serve


def greeting_app(word: str) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def greet() -> dict[str, str]:
        return {"word": word}

    return app


def test_it_answers_at_once_and_nobody_is_there_after_it():
    with serve(greeting_app("hello")) as running:
        assert requests.get(running.url, timeout=5).json() == {"word": "hello"}
    with pytest.raises(requests.ConnectionError):
        requests.get(running.url, timeout=5)


def test_several_live_side_by_side():
    with serve(greeting_app("one")) as one, serve(greeting_app("two")) as two:
        words = [requests.get(server.url, timeout=5).json()["word"] for server in (one, two)]
    assert words == ["one", "two"]


def test_a_taken_port_is_an_error_at_once():
    with serve(greeting_app("first")) as running, pytest.raises(OSError, match="in use"):
        serve(greeting_app("second"), port=running.port)


def test_an_app_that_cannot_start_says_so():
    async def broken(scope, receive, send):
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(RuntimeError, match="did not start"):
        serve(broken)


def test_it_writes_no_log(caplog):
    caplog.set_level(logging.INFO)
    with serve(greeting_app("quiet")) as running:
        requests.get(running.url, timeout=5)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
