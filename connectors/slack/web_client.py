"""Slack's own client, whose calls leave as every vendor's do, and follow no redirect."""

from __future__ import annotations

from typing import Any
from urllib.request import Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackRequestError

from connectors.wire import open_url


class WiredWebClient(WebClient):
    """The client has no place to pass an opener to, so what opens an address is replaced (slack_sdk 3.47)."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        if not url.lower().startswith(("http://", "https://")):
            raise SlackRequestError("no web address")
        status, headers, body = open_url(req, self.timeout)
        return {"status": status, "headers": headers, "body": body}
