"""What an HTTP answer, or none, means to a connector. No text made here holds what the answer said.

A read may always be done again, so a lost answer to one is `Busy`. A write may have been carried
out, so a lost answer to one is `OutcomeUnknown`.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
import urllib3

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

#: connecting, then each wait for bytes; the first just above a multiple of TCP's three seconds
TIMEOUT_SECONDS: Final = (3.05, 10.0)
#: a longer delay than this is not believed
LONGEST_DELAY: Final = timedelta(minutes=15)
KEPT_BYTES: Final = 2_048  #: of an answer we cannot read, for who debugs; never shown

READING: Final = frozenset({"GET", "HEAD"})
NEVER_SENT: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    ssl.SSLCertVerificationError,
)
BAD_ADDRESS: Final = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
)
#: statuses of 4xx that mean the same at every vendor; any other finds fault with the request itself
MEANT_ALIKE: Final = frozenset({401, 403, 404, 408, 410, 425, 429})
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]*)?")
_MANY_DIGITS: Final = re.compile(r"[0-9]{10,}(\.[0-9]*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """What a vendor does its own way where HTTP leaves it open."""

    called: str = "the vendor"  #: in a sentence
    moved: str = "redirects are not followed"  #: what to tell of an address that leads elsewhere
    delay_headers: tuple[str, ...] = ("Retry-After",)  #: the first that can be read counts


PLAIN: Final = Manner()


class StrangeAnswer(Exception):
    """An answer that is not the vendor's JSON. Its text is safe; `beginning` is not: keep it out of logs."""

    def __init__(self, response: requests.Response) -> None:
        kind = response.headers.get("content-type", "no type").split(";")[0]
        super().__init__(f"{response.status_code}, {len(response.content)} bytes of {kind[:40]!r}")
        self.beginning = response.content[:KEPT_BYTES]


def asked_delay(header: str | None, now: datetime) -> timedelta | None:
    """Return the delay a Retry-After asks for, from nothing to `LONGEST_DELAY`; None where it names none.

    Seconds and HTTP dates (RFC 9110, 10.2.3) are read; `now` is aware and matters for dates alone.
    """
    text = (header or "").strip()
    if _MANY_DIGITS.fullmatch(text):
        return LONGEST_DELAY
    asked = timedelta(seconds=float(text)) if _SECONDS.fullmatch(text) else _until(text, now)
    return None if asked is None else min(max(asked, timedelta(0)), LONGEST_DELAY)


def first_delay(headers: Mapping[str, str], names: Iterable[str], now: datetime) -> timedelta | None:
    """Return the delay that the first readable one of these headers asks for; None where none does."""
    delays = (asked_delay(headers.get(name), now) for name in names)
    return next((delay for delay in delays if delay is not None), None)


def _until(text: str, now: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware - now


def lost(vendor: str, error: requests.RequestException, method: str) -> ConnectorError:
    """Return what a call without an answer means: nothing done, or nobody knows."""
    name = type(error).__name__
    if isinstance(error, BAD_ADDRESS):
        return Rejected(vendor, f"the address cannot be used ({name})")
    if any(isinstance(cause, NEVER_SENT) for cause in _causes(error)):
        return Unreachable(vendor, "no connection")
    return unanswered(vendor, f"the answer was lost ({name})", method)


def unanswered(
    vendor: str, detail: str, method: str, *, retry_after: timedelta | None = None
) -> ConnectorError:
    """Reading may simply be done again, after `retry_after`; a write may have been carried out."""
    if method in READING:
        return Unreachable(vendor, detail, retry_after=retry_after)
    return OutcomeUnknown(vendor, detail)


def refusal(
    vendor: str,
    response: requests.Response,
    method: str,
    now: datetime,
    *,
    limit: str | None = EVERYTHING,
    manner: Manner = PLAIN,
) -> ConnectorError:
    """Return what an answer outside 2xx means. `limit` is the budget that a 429 says is used up."""
    status = response.status_code
    delay = first_delay(response.headers, manner.delay_headers, now)
    if status == 429:
        return Busy(vendor, "over the limit (429)", retry_after=delay, limit=limit)
    if status in (408, 425) or status >= 500:
        detail = f"{manner.called} is in trouble ({status})"
        return unanswered(vendor, detail, method, retry_after=delay)
    if status == 404 and "html" in response.headers.get("Content-Type", ""):
        # What is not there is told in JSON or in nothing. A page is somebody else's: no such account, a proxy.
        return unanswered(vendor, "a page of HTML came instead of an answer (404)", method)
    if status in (401, 403):
        return AccessDenied(vendor, f"the key is wrong or lacks a right ({status})")
    if status in (404, 410):
        return Gone(vendor, f"it exists no more ({status})")
    if 300 <= status < 400:
        return Rejected(vendor, f"the address leads elsewhere ({status}); {manner.moved}")
    return Rejected(vendor, f"refused ({status})")


def json_of(vendor: str, response: requests.Response, method: str) -> Any:
    """Return the answer's JSON, None for a 204. An answer in HTML is a failure, whatever its status."""
    if response.status_code == 204:
        return None
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        strange = StrangeAnswer(response)
        strange.__cause__ = error
        raise unanswered(vendor, "the answer was no JSON", method) from strange


def faults_told(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object in which a vendor says what was wrong; an empty one where there is none."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


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
