"""Mistakes told to a caller as RFC 9457 problems: they name places and rules, and never repeat a value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from bridge.intake.pointer import pointer as to_pointer
from bridge.intake.strict_json import BadJson

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
MOST_ERRORS: Final = 50
UNAVAILABLE_FOR: Final = timedelta(seconds=2)
NOT_ACCEPTABLE: Final = "is not acceptable here"

#: pydantic's kinds of error in plain words; braces take its own limits, never the value
_WORDS: Final = {
    "missing": "is missing",
    "string_type": "must be a text",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_unicode": "holds half a surrogate pair",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "json_invalid": "is not JSON",
}


class Problem(Exception):
    """What went wrong with a request, safe to show. `code` is stable, `errors` are (pointer, problem)."""

    def __init__(
        self,
        *,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        pointer: str | None = None,
        errors: Iterable[tuple[str, str]] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors) if pointer is None else ((pointer, detail or title), *errors)
        self.retry_after = retry_after

    def __str__(self) -> str:
        places = "; ".join(f"{place or 'body'} {problem}" for place, problem in self.errors)
        return places or self.detail or self.title

    def document(self) -> dict[str, Any]:
        """Return the problem as RFC 9457 JSON, with our members `code` and `errors`."""
        shown: dict[str, Any] = {
            "type": f"urn:handoff:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            shown["detail"] = self.detail
        if self.errors:
            shown["errors"] = [{"pointer": place, "problem": problem} for place, problem in self.errors]
        return shown

    def to_response(self) -> JSONResponse:
        headers = {}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if self.retry_after is not None:
            headers["Retry-After"] = str(math.ceil(self.retry_after.total_seconds()))
        return JSONResponse(self.document(), self.status, headers, MEDIA_TYPE)


def unreadable(error: BadJson) -> Problem:
    """Return the answer to a body that is no JSON we take."""
    return Problem(
        status=400,
        code="bad_json",
        title="The body is not JSON we can take",
        errors=((error.pointer, error.problem),),
    )


def unusable(error: ValidationError) -> Problem:
    """Return the answer to JSON of another shape than asked for."""
    return _invalid(error.errors(include_url=False, include_input=False), skip=0)


def answer_problem(_request: Request, error: Exception) -> JSONResponse:
    """Answer a Problem raised anywhere below an endpoint."""
    if not isinstance(error, Problem):
        raise error
    return error.to_response()


def answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework or pydantic refused: a query, a path, a header, a body."""
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors(), skip=1).to_response()
    if isinstance(error, ValidationError):
        return unusable(error).to_response()
    raise error


def answer_http(_request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework turned away before any endpoint: an unknown path, another method."""
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    answer = Problem(
        status=error.status_code, code=phrase.lower().replace(" ", "_"), title=phrase
    ).to_response()
    answer.headers.update(error.headers or {})
    return answer


def answer_unavailable(_request: Request, error: Exception) -> JSONResponse:
    """Answer while the store cannot be written: nothing was kept, and the caller may try again."""
    log.error("store_unavailable", error=str(error))
    return Problem(
        status=503,
        code="unavailable",
        title="Nothing can be kept right now",
        detail="The request was not kept. Send it again with the same Idempotency-Key.",
        retry_after=UNAVAILABLE_FOR,
    ).to_response()


def _invalid(errors: Sequence[Mapping[str, Any]] | Sequence[Any], skip: int) -> Problem:
    """`skip` steps of each place are the framework's ("query", "body") and no part of the document."""
    found = [(to_pointer(error["loc"][skip:]), _words(error)) for error in errors[:MOST_ERRORS]]
    return Problem(
        status=422,
        code="invalid",
        title="The request cannot be used as it stands",
        errors=tuple(dict.fromkeys(found)),
    )


def _words(error: Mapping[str, Any]) -> str:
    """Say what is wrong. Pydantic's own texts may quote the value, so only known ones are used."""
    limits = error.get("ctx", {})
    if error["type"] == "value_error":  # raised by a rule of ours
        return str(limits.get("error", NOT_ACCEPTABLE))
    words = _WORDS.get(error["type"], NOT_ACCEPTABLE)
    return words.format(**limits) if "{" in words else words
