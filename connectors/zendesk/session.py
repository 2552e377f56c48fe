"""The HTTP session under zenpy: ours, so that every call has a limit, an outcome and no second try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.base import RateReadings
from connectors.http_answers import READING, TIMEOUT_SECONDS, StrangeAnswer, json_of, lost, unanswered
from connectors.wire import VendorAdapter
from connectors.zendesk.access import VENDOR, ZendeskAccount
from connectors.zendesk.failures import refusal
from connectors.zendesk.rates import readings

LONGEST_KEY = 255  #: characters; Zendesk "Idempotency"
CREATES = frozenset({"/api/v2/tickets.json", "/api/v2/tickets"})


class ZendeskSession(requests.Session):
    """Makes one attempt at a call and returns a 2xx answer in JSON, or raises a ConnectorError.

    zenpy therefore never sees a refusal, nor a 429 to sleep on. `answers` grows by each answer's
    JSON; `key` goes with ticket creation as its Idempotency-Key. One session belongs to one thread.
    """

    def __init__(self, account: ZendeskAccount, notes: RateReadings, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.authorized = True  #: tells zenpy that signing in is done
        self.auth = account.sign_in.auth()
        self.headers.update({"Accept": "application/json", "User-Agent": "handoff-bridge", **account.headers})
        for scheme in ("http://", "https://"):
            self.mount(scheme, VendorAdapter())
        self.key: str | None = None
        self.answers: list[Any] = []
        self.wrote = False
        self._account = account
        self._notes = notes
        self._clock = clock

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        verb, address = str(method).upper(), str(url)
        kwargs.update(timeout=TIMEOUT_SECONDS, allow_redirects=False)
        kwargs["headers"] = {**(kwargs.get("headers") or {}), **self._key_for(verb, address)}
        response = self._attempt(verb, address, *args, **kwargs)
        for reading in readings(response.headers):
            self._notes.note(reading)
        if not 200 <= response.status_code < 300:
            raise refusal(response, verb, self._clock())
        self.answers.append(_json_of(response, verb))
        self.wrote = self.wrote or verb not in READING
        # zenpy knows an answer for Zendesk's by this address, and the call may have gone to another.
        response.request.url = address
        return response

    def _attempt(self, verb: str, address: str, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().request(verb, self._account.address_of(address), *args, **kwargs)
        except requests.RequestException as error:
            raise lost(VENDOR, error, verb) from error

    def _key_for(self, verb: str, address: str) -> dict[str, str]:
        creates = verb == "POST" and urlsplit(address).path in CREATES
        return {"Idempotency-Key": self.key} if creates and self.key else {}


def _json_of(response: requests.Response, verb: str) -> Any:
    body = json_of(VENDOR, response, verb)
    if response.status_code != 204 and not isinstance(body, dict):
        raise unanswered(VENDOR, "the answer was no object", verb) from StrangeAnswer(response)
    return body
