"""How every call to a vendor leaves: one attempt, a last look at the lease, an answer within bounds.

zenpy and our own calls go through `requests`, Slack's client through `urllib`; both stand on `http.client`.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connectors.bounded import BoundedResponse, read_whole
from connectors.fence import Fenced


class PlainConnection(Fenced, http.client.HTTPConnection):
    response_class = BoundedResponse


class SecureConnection(Fenced, http.client.HTTPSConnection):
    response_class = BoundedResponse


class _PlainPool(urllib3.HTTPConnectionPool):
    class ConnectionCls(Fenced, urllib3.connection.HTTPConnection):
        response_class = BoundedResponse


class _SecurePool(urllib3.HTTPSConnectionPool):
    class ConnectionCls(Fenced, urllib3.connection.HTTPSConnection):
        response_class = BoundedResponse


POOLS: Final = {"http": _PlainPool, "https": _SecurePool}


class VendorAdapter(HTTPAdapter):
    """What a `requests.Session` sends through."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send and read. Raises requests.RequestException, Oversized for a body that swells when unpacked."""
        response = super().send(request, *args, **{**options, "stream": True})
        read_whole(response)
        return response


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PlainConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(SecureConnection, req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would carry the key along to wherever the answer points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def open_url(request: urllib.request.Request, timeout: float) -> tuple[int, Mapping[str, str], str]:
    """Make one call by urllib; return status, headers and text. Raises what `urlopen` raises."""
    opener = urllib.request.build_opener(_Http, _Https, _NoRedirects)
    with opener.open(request, timeout=timeout) as answer:
        charset = answer.headers.get_content_charset() or "utf-8"
        return answer.status, answer.headers, answer.read().decode(charset)
