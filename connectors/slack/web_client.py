"""Slack's own client, sending through connections that look at the lease last."""

from __future__ import annotations

from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from slack_sdk import WebClient

from connectors.fence import FencedHTTPConnection, FencedHTTPSConnection


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> Any:
        return self.do_open(FencedHTTPConnection, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> Any:
        return self.do_open(FencedHTTPSConnection, req)


class FencedWebClient(WebClient):
    """The client has no place to pass an opener to, so what opens an address is replaced (slack_sdk 3.47)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._opener: OpenerDirector = build_opener(_Http, _Https)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002
        with self._opener.open(req, timeout=self.timeout) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.status, "headers": answer.headers, "body": answer.read().decode(charset)}
