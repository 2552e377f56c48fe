"""How calls to Zendesk fail, in the words of `connectors.errors`. No text here holds what an answer said."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import requests
import urllib3
from requests import exceptions as lost_calls
from zenpy.lib.exception import APIException

from connectors.errors import (
    EVERYTHING,
    AccessDenied,
    Busy,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from connectors.zendesk.access import VENDOR
from connectors.zendesk.rates import CHANGES, UPDATE_TICKET, asked_delay, readings

KEPT_BYTES = 2_048  #: of an answer we cannot read, for who debugs; never shown
READING = frozenset({"GET", "HEAD"})
NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
BAD_ADDRESS = (
    lost_calls.InvalidURL,
    lost_calls.MissingSchema,
    lost_calls.InvalidSchema,
    lost_calls.InvalidHeader,
    lost_calls.InvalidProxyURL,
)
SAFE_WORD = re.compile(r"[A-Za-z_]{1,40}")
FIELD_ID = re.compile(r"\b\d{3,20}\b")


class StrangeAnswer(Exception):
    """An answer that is not Zendesk's JSON. Its text is safe; `beginning` is not, and stays out of logs."""

    def __init__(self, response: requests.Response) -> None:
        kind = response.headers.get("content-type", "no type").split(";")[0]
        super().__init__(f"{response.status_code}, {len(response.content)} bytes of {kind[:40]!r}")
        self.beginning = response.content[:KEPT_BYTES]


class Refused(Rejected):
    """Zendesk read the request and found parts of it wrong; `named` holds their names and fields' ids."""

    def __init__(self, detail: str, *, error: str = "", named: frozenset[str] = frozenset()) -> None:
        super().__init__(VENDOR, detail)
        self.error = error
        self.named = named


def lost(error: requests.RequestException, method: str) -> ConnectorError:
    """Return what a call without an answer means: nothing done, or nobody knows."""
    name = type(error).__name__
    if isinstance(error, BAD_ADDRESS):
        return Rejected(VENDOR, f"the address cannot be used ({name})")
    if any(isinstance(cause, NEVER_SENT) for cause in _causes(error)):
        return Unreachable(VENDOR, "no connection")
    return unanswered(method, f"the answer was lost ({name})")


def unanswered(method: str, detail: str) -> ConnectorError:
    """Reading may simply be done again; a write may have been carried out."""
    return Unreachable(VENDOR, detail) if method in READING else OutcomeUnknown(VENDOR, detail)


def refusal(response: requests.Response, method: str, now: datetime) -> ConnectorError:
    """Return what an answer outside 2xx means."""
    status = response.status_code
    if status == 429:
        return _over_limit(response, method, now)
    if status == 409:
        return Busy(VENDOR, "somebody else changed it at the same time (409)")
    if status in (401, 403):
        return AccessDenied(VENDOR, f"the key is wrong or lacks a right ({status})")
    if status in (404, 410):
        return Gone(VENDOR, f"it exists no more ({status})")
    if status in (408, 425) or status >= 500:
        return _in_trouble(response, method, now)
    if 300 <= status < 400:
        return Rejected(
            VENDOR, f"the address leads elsewhere ({status}); set the account's present subdomain"
        )
    return _refused(response)


def from_library(error: Exception, *, wrote: bool, now: datetime) -> ConnectorError:
    """Return what an exception of zenpy itself means. `wrote`: a write had been answered before it."""
    method = "POST" if wrote else "GET"
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, requests.RequestException):
        return lost(error, method)
    response = getattr(error, "response", None)
    if isinstance(error, APIException) and isinstance(response, requests.Response):
        return refusal(response, method, now)
    return unanswered(method, f"the answer was not understood ({type(error).__name__})")


def _over_limit(response: requests.Response, method: str, now: datetime) -> Busy:
    headers = {name.lower(): value for name, value in response.headers.items()}
    limit = _used_up(headers, method, response.url or "")
    return Busy(VENDOR, "over the limit (429)", retry_after=asked_delay(headers, now), limit=limit)


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


def _in_trouble(response: requests.Response, method: str, now: datetime) -> ConnectorError:
    detail = f"Zendesk is in trouble ({response.status_code})"
    if method in READING:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Unreachable(VENDOR, detail, retry_after=asked_delay(headers, now))
    return OutcomeUnknown(VENDOR, detail)


def _refused(response: requests.Response) -> Refused:
    body = _json(response)
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


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _safe(error: Any) -> str:
    """Zendesk's errors are words, or an object with a title; anything else may be somebody's text."""
    text = error.get("title") if isinstance(error, dict) else error
    return text if isinstance(text, str) and SAFE_WORD.fullmatch(text) else "without a reason"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk down to what urllib3 met; requests keeps it in the arguments, urllib3 in `reason`."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = (*each.args, each.__cause__, each.__context__, getattr(each, "reason", None))
        waiting += [one for one in inner if isinstance(one, BaseException)]
