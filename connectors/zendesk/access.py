"""Where a Zendesk account lives and how we sign in to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from connectors.errors import Rejected

VENDOR = "zendesk"
DEFAULT_PORTS = {"http": 80, "https": 443}
UNNAMED = "handoff-bridge"  #: stands for the subdomain where only a base address is given


class _Bearer(AuthBase):
    """Signs as an auth object, not as a header: a `.netrc` would take a plain header's place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiToken:
    """An API token of one agent. Zendesk is withdrawing these in favour of OAuth."""

    email: str
    token: str = field(repr=False)

    def auth(self) -> AuthBase:
        return HTTPBasicAuth(f"{self.email}/token", self.token)


@dataclass(frozen=True, kw_only=True, slots=True)
class OAuthToken:
    """An OAuth access token. Reading audits needs the global `read` scope."""

    token: str = field(repr=False)

    def auth(self) -> AuthBase:
        return _Bearer(self.token)


@dataclass(frozen=True, kw_only=True, slots=True)
class ZendeskAccount:
    """One account. `base_url` points at another server (a proxy, an emulator), with a path if need be."""

    sign_in: ApiToken | OAuthToken
    subdomain: str = UNNAMED
    base_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  #: sent on each call, such as the Marketplace's

    def __post_init__(self) -> None:
        parts = urlsplit(self.server)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("the base address of Zendesk must be like https://shop.zendesk.com")
        if not self.subdomain.replace("-", "").isalnum():
            raise ValueError("the subdomain of Zendesk is one word, such as shop in shop.zendesk.com")

    @property
    def home(self) -> str:
        """Return the address zenpy calls, whatever server the calls really go to."""
        return f"https://{self.subdomain}.zendesk.com"

    @property
    def server(self) -> str:
        return (self.base_url or self.home).rstrip("/")

    def address_of(self, url: str) -> str:
        """Return where a call to `url` really goes. Raises Rejected for a server that is not the account's.

        Answers hold links to further pages; one that led elsewhere would carry our key there.
        """
        for own in (self.home, self.server):
            path = _path_within(own, url)
            if path is not None:
                return self.server + path
        raise Rejected(VENDOR, "an answer links to another server; the link was not followed")

    def ticket_url(self, ticket_id: str | int) -> str:
        """Return the page an agent opens."""
        return f"{self.server}/agent/tickets/{ticket_id}"


def _path_within(server: str, url: str) -> str | None:
    here, there = urlsplit(server), urlsplit(url)
    same = (here.scheme, here.hostname, _port(server)) == (there.scheme, there.hostname, _port(url))
    if not same or not there.path.startswith(f"{here.path}/"):
        return None
    query = f"?{there.query}" if there.query else ""
    return there.path.removeprefix(here.path) + query


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or DEFAULT_PORTS.get(parts.scheme)
