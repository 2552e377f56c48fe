"""Mistakes told as RFC 9457 problems."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import pytest
import requests
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from bridge.intake.problems import Problem, answer_invalid, answer_problem, answer_unavailable, unreadable
from bridge.intake.schema import HandoffRequest
from bridge.intake.strict_json import BadJson
from sandbox.server import serve


def build_app():
    app = FastAPI()
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(ValidationError, answer_invalid)
    app.add_exception_handler(OSError, answer_unavailable)

    @app.get("/conflict")
    def conflict():
        raise Problem(status=409, code="key_reused", title="Another body", retry_after=timedelta(seconds=1.5))

    @app.get("/closed")
    def closed():
        raise Problem(status=401, code="unauthorized", title="Not authorised")

    @app.get("/wait")
    def wait(seconds: Annotated[float, Query(ge=0)]):
        return seconds

    @app.get("/shape")
    def shape():
        HandoffRequest.model_validate({"channel": "hunter2"})

    @app.get("/store")
    def store():
        raise OSError("disk full at /secret/place")

    return app


@pytest.fixture(scope="module")
def url():
    with serve(build_app()) as running:
        yield running.url


def test_a_problem_is_answered_as_problem_json(url):
    answer = requests.get(f"{url}/conflict", timeout=5)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert answer.json() == {
        "type": "urn:handoff:problem:key_reused",
        "title": "Another body",
        "status": 409,
        "code": "key_reused",
    }
    assert answer.headers["retry-after"] == "2"


def test_a_401_says_how_to_come_in(url):
    assert requests.get(f"{url}/closed", timeout=5).headers["www-authenticate"] == "Bearer"


def test_what_the_framework_refuses_is_a_problem_too(url):
    answer = requests.get(f"{url}/wait?seconds=hunter2", timeout=5)
    assert answer.json()["errors"] == [{"pointer": "/seconds", "problem": "must be a number"}]
    assert "hunter2" not in answer.text


def test_a_wrong_shape_is_a_problem_with_pointers(url):
    answer = requests.get(f"{url}/shape", timeout=5)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/conversation_id", "problem": "is missing"}]


def test_a_lost_store_is_told_without_its_cause(url):
    answer = requests.get(f"{url}/store", timeout=5)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "secret" not in answer.text


def test_bad_json_keeps_its_pointer():
    assert unreadable(BadJson("/a/b", "appears twice")).document()["errors"] == [
        {"pointer": "/a/b", "problem": "appears twice"}
    ]
