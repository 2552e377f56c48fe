"""What an HTTP answer, or none, means to a connector. No text made here holds what the answer said.

A read may always be done again, so a lost answer to one is `Busy`. A write may have been carried
out, so a lost answer to one is `OutcomeUnknown`.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
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
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_MANY_DIGITS: Final = re.compile(r"[0-9]{10,}(\.[0-9]*)?")


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


def unanswered(vendor: str, detail: str, method: str) -> ConnectorError:
    """Reading may simply be done again; a write may have been carried out."""
    return Unreachable(vendor, detail) if method in READING else OutcomeUnknown(vendor, detail)


def refusal(
    vendor: str, response: requests.Response, method: str, now: datetime, *, limit: str | None = EVERYTHING
) -> ConnectorError:
    """Return what an answer outside 2xx means. `limit` is the budget that a 429 says is used up."""
    status = response.status_code
    if status == 429:
        delay = asked_delay(response.headers.get("Retry-After"), now)
        return Busy(vendor, "over the limit (429)", retry_after=delay, limit=limit)
    if status in (408, 425) or status >= 500:
        return _in_trouble(vendor, response, method, now)
    if status in (401, 403):
        return AccessDenied(vendor, f"the key is wrong or lacks a right ({status})")
    if status in (404, 410):
        return Gone(vendor, f"it exists no more ({status})")
    if 300 <= status < 400:
        return Rejected(vendor, f"the address leads elsewhere ({status}); redirects are not followed")
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


def _in_trouble(vendor: str, response: requests.Response, method: str, now: datetime) -> ConnectorError:
    detail = f"the vendor is in trouble ({response.status_code})"
    if method not in READING:
        return OutcomeUnknown(vendor, detail)
    return Unreachable(vendor, detail, retry_after=asked_delay(response.headers.get("Retry-After"), now))


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
