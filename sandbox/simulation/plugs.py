"""Joins the libraries that make our calls to the wire, at the lowest seam each of them has."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from email.message import Message
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError, URLError
from urllib.request import Request
from urllib.response import addinfourl

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from connectors.errors import OutcomeUnknown, Unreachable
from sandbox.simulation.asgi import HttpAnswer, without_threads
from sandbox.simulation.weather import Mishap
from sandbox.simulation.wire import NoAnswer, Wire

CALLBACK_SECONDS = 15.0  #: a bot's whole time for one callback
RECEIVER = "receiver"


@contextmanager
def plugged_in(wire: Wire) -> Iterator[None]:
    """Send over `wire` what `requests` and Slack's client would send over the network."""

    def send(_adapter: HTTPAdapter, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        return _by_requests(wire, request, how.get("timeout"))

    def open_url(request: Request, timeout: float) -> tuple[int | None, Mapping[str, str], str]:
        with _by_urllib(wire, request, timeout) as answer:
            return answer.status, CaseInsensitiveDict(answer.headers.items()), answer.read().decode()

    with ExitStack() as plugs:
        plugs.enter_context(without_threads())
        plugs.enter_context(patch.object(HTTPAdapter, "send", send))
        plugs.enter_context(patch("connectors.slack.web_client.open_url", open_url))
        yield


class WireSender:
    """Sends callbacks over the wire, in place of the guarded sender: there are no addresses to guard."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Raises ConnectorError when no answer comes."""
        return self._exchange("POST", url, headers, body)

    def get(self, url: str, most_bytes: int) -> HttpAnswer:
        """Raises ConnectorError when no answer comes."""
        answer = self._exchange("GET", url, {}, b"")
        return replace(answer, body=answer.body[:most_bytes])

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        try:
            return self._wire.exchange(method, url, headers, body, CALLBACK_SECONDS)
        except NoAnswer as lost:
            if lost.mishap is Mishap.REFUSED:
                raise Unreachable(RECEIVER, "no connection") from None
            raise OutcomeUnknown(RECEIVER, f"no answer ({lost.mishap})") from None


def _by_requests(wire: Wire, request: requests.PreparedRequest, timeout: Any) -> requests.Response:
    body = request.body or b""
    try:
        answer = wire.exchange(
            str(request.method),
            str(request.url),
            dict(request.headers),
            body.encode() if isinstance(body, str) else body,
            timeout[1] if isinstance(timeout, tuple) else float(timeout or 0),
        )
    except NoAnswer as lost:
        raise _as_requests_tells(lost.mishap, str(request.url)) from None
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.url, response.request = str(request.url), request
    response.raw = io.BytesIO(answer.body)
    return response


def _as_requests_tells(mishap: Mishap, url: str) -> requests.RequestException:
    match mishap:
        case Mishap.REFUSED:
            cause = NewConnectionError(None, "refused")  # type: ignore[arg-type]
            return requests.ConnectionError(MaxRetryError(None, url, cause))  # type: ignore[arg-type]
        case Mishap.TIMED_OUT:
            return requests.ReadTimeout("read timed out")
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))


def _by_urllib(wire: Wire, request: Request, timeout: float) -> addinfourl:
    data = request.data or b""
    headers = dict(request.header_items())
    try:
        answer = wire.exchange(request.get_method(), request.full_url, headers, data, timeout)  # type: ignore[arg-type]
    except NoAnswer as lost:
        raise _as_urllib_tells(lost.mishap) from None
    told = Message()
    for name, value in answer.headers.items():
        told[name] = value
    if answer.status >= 300:
        raise HTTPError(request.full_url, answer.status, "refused", told, io.BytesIO(answer.body))
    return addinfourl(io.BytesIO(answer.body), told, request.full_url, answer.status)


def _as_urllib_tells(mishap: Mishap) -> OSError:
    """What fails while connecting is wrapped; what fails while reading comes as it is."""
    match mishap:
        case Mishap.REFUSED:
            return URLError(ConnectionRefusedError(111, "refused"))
        case Mishap.TIMED_OUT:
            return TimeoutError("timed out")
    return ConnectionResetError(104, "reset")
