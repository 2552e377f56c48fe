"""How calls to Zendesk fail, in the words of `connectors.errors`. No text here holds what an answer said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import requests
from zenpy.lib.exception import APIException

from connectors import http_answers
from connectors.errors import EVERYTHING, Busy, ConnectorError, Rejected
from connectors.http_answers import MEANT_ALIKE, Manner, faults_told, lost, unanswered
from connectors.zendesk.access import VENDOR
from connectors.zendesk.rates import CHANGES, DELAY_HEADERS, UPDATE_TICKET, readings

MANNER = Manner(called="Zendesk", moved="set the account's present subdomain", delay_headers=DELAY_HEADERS)
SAFE_WORD = re.compile(r"[A-Za-z_]{1,40}")
FIELD_ID = re.compile(r"\b\d{3,20}\b")


class Refused(Rejected):
    """Zendesk read the request and found parts of it wrong; `named` holds their names and fields' ids."""

    def __init__(self, detail: str, *, error: str = "", named: frozenset[str] = frozenset()) -> None:
        super().__init__(VENDOR, detail)
        self.error = error
        self.named = named


def refusal(response: requests.Response, method: str, now: datetime) -> ConnectorError:
    """Return what an answer outside 2xx means."""
    status = response.status_code
    if status == 409:
        return Busy(VENDOR, "somebody else changed it at the same time (409)")
    if 400 <= status < 500 and status not in MEANT_ALIKE:
        return _refused(response)
    limit = _used_up(response.headers, method, response.url or "")
    return http_answers.refusal(VENDOR, response, method, now, limit=limit, manner=MANNER)


def from_library(error: Exception, *, wrote: bool, now: datetime) -> ConnectorError:
    """Return what an exception of zenpy itself means. `wrote`: a write had been answered before it."""
    method = "POST" if wrote else "GET"
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, requests.RequestException):
        return lost(VENDOR, error, method)
    response = getattr(error, "response", None)
    if isinstance(error, APIException) and isinstance(response, requests.Response):
        return refusal(response, method, now)
    return unanswered(VENDOR, f"the answer was not understood ({type(error).__name__})", method)


def _used_up(headers: Mapping[str, str], method: str, url: str) -> str | None:
    """Return the budget behind a 429; None where it is one ticket's own, which stops nobody else."""
    told = readings(headers)
    empty = [reading.limit for reading in told if reading.remaining == 0]
    if empty:
        return empty[-1]
    if not told:
        return EVERYTHING
    if method == "PUT":
        return None if any(reading.limit == UPDATE_TICKET for reading in told) else UPDATE_TICKET
    return CHANGES if "/incremental/" in url else EVERYTHING


def _refused(response: requests.Response) -> Refused:
    body = faults_told(response)
    error = _safe(body.get("error"))
    details = body.get("details")
    named = frozenset(_named(details)) if isinstance(details, dict) else frozenset()
    listed = f": {', '.join(sorted(named))}" if named else ""
    return Refused(f"refused ({response.status_code} {error}){listed}", error=error, named=named)


def _named(details: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the names of what was wrong; the sentences beside them may hold a customer's words."""
    for key, faults in details.items():
        if SAFE_WORD.fullmatch(str(key)) or str(key).isdigit():
            yield str(key)
        for fault in faults if isinstance(faults, list) else ():
            if not isinstance(fault, dict):
                continue
            if isinstance(fault.get("ticket_field_id"), int):
                yield str(fault["ticket_field_id"])
            if key in ("base", "custom_fields", "fields"):
                yield from FIELD_ID.findall(str(fault.get("description", "")))


def _safe(error: Any) -> str:
    """Zendesk's errors are words, or an object with a title; anything else may be somebody's text."""
    text = error.get("title") if isinstance(error, dict) else error
    return text if isinstance(text, str) and SAFE_WORD.fullmatch(text) else "without a reason"
