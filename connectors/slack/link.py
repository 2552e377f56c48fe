"""A link of our own to Slack, for a host that Slack cannot call. Source: Slack, "Using Socket Mode"; slack_sdk 3.47.

slack_sdk's client keeps the link, answers pings and changes over to a new link when Slack says so. What it would
do badly is done here: it sleeps where Slack asks it to wait, does not come back when the first attempt fails, and
notices late that the other end is gone.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from connectors.errors import AccessDenied, Busy, ConnectorError, Unreachable
from connectors.slack.api import BASE_URL, SlackApi, silent_logger, text_of
from connectors.slack.refusals import VENDOR

#: how soon it is seen that a link is gone
LOOK_EVERY: Final = timedelta(seconds=1)
PING_EVERY: Final = timedelta(seconds=3)
#: between attempts that fail one after another: doubled up to this
LONGEST_WAIT: Final = timedelta(minutes=1)
#: what was taken when the link is to end has so long to be kept and acknowledged
FINISHES_WITHIN: Final = timedelta(seconds=1)
#: envelopes taken at one time; Slack waits three seconds for each
AT_ONCE: Final = 10

Take = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


class SlackLink:
    """Hands each envelope to `take`, and acknowledges it, with what that returns, only when it is kept.

    What `take` raises leaves the envelope unacknowledged; Slack sends an event again. `on_trouble` hears of that,
    and of a link that is not to be had, in words that hold no body and no token; `on_open` of each link that stands.
    """

    def __init__(
        self,
        *,
        app_token: str,
        take: Take,
        on_open: Callable[[], None],
        on_trouble: Callable[[str], None],
        base_url: str = BASE_URL,
    ) -> None:
        self._take = take
        self._on_open = on_open
        self._on_trouble = on_trouble
        self._client = _Client(app_token, base_url)
        self._client.message_listeners.append(self._on_message)
        self._client.socket_mode_request_listeners.append(self._on_envelope)
        self._leaving = threading.Event()
        self._under_way = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._keep_up, name="slack-link", daemon=True)

    def start(self) -> None:
        """Begin, and go on until `stop`. Returns at once, whatever Slack does."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, finish what was taken, and hang up: a second or two. What came too late comes again."""
        self._leaving.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, FINISHES_WITHIN.total_seconds())
        self._client.hang_up()
        if self._thread.is_alive():
            self._thread.join(FINISHES_WITHIN.total_seconds())

    def _keep_up(self) -> None:
        failed, wait = 0, timedelta(0)
        while not self._leaving.wait(wait.total_seconds()):
            if self._client.is_well():
                failed, wait = 0, LOOK_EVERY
                continue
            wait = _pause(failed)
            failed += 1
            try:
                self._client.call()
            except ConnectorError as error:
                asked = error.retry_after if isinstance(error, Busy) else None
                wait = max(wait, asked or wait)
                self._on_trouble(str(error))

    def _on_message(self, _client: BaseSocketModeClient, message: dict[str, Any], _raw: str | None) -> None:
        if message.get("type") == "hello":
            self._on_open()

    def _on_envelope(self, _client: BaseSocketModeClient, envelope: SocketModeRequest) -> None:
        with self._busy():
            if self._leaving.is_set():
                return
            try:
                said = self._take(envelope.payload)
                self._acknowledge(envelope, said)
            except Exception as error:  # noqa: BLE001 - whatever it is, Slack must not believe that it is kept
                self._on_trouble(f"{VENDOR}: an envelope was not taken ({type(error).__name__})")

    def _acknowledge(self, envelope: SocketModeRequest, said: Mapping[str, Any] | None) -> None:
        payload = dict(said) if said is not None and envelope.accepts_response_payload else None
        self._client.send_socket_mode_response(
            SocketModeResponse(envelope_id=envelope.envelope_id, payload=payload)
        )

    @contextmanager
    def _busy(self) -> Iterator[None]:
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()


class _Client(SocketModeClient):
    def __init__(self, app_token: str, base_url: str) -> None:
        self._api = SlackApi(token=app_token, base_url=base_url)
        super().__init__(
            app_token=app_token,
            web_client=self._api.client,
            logger=silent_logger("connectors.slack.link"),  # it would log what comes in
            auto_reconnect_enabled=False,  # `SlackLink` does, and waits between its attempts
            ping_interval=PING_EVERY.total_seconds(),
            concurrency=AT_ONCE,
        )

    def issue_new_wss_url(self) -> str:
        """Ask where to call. Raises ConnectorError; the library's own would sleep here where Slack says "wait"."""
        try:
            answer = self._api.read(self._api.client.apps_connections_open, app_token=self.app_token)
        except AccessDenied:
            raise AccessDenied(
                VENDOR, "SLACK_APP_TOKEN is refused: make an app-level token with the scope connections:write"
            ) from None
        return text_of(answer, "url", writes=False)

    def call(self) -> None:
        """Open a link. Raises ConnectorError."""
        try:
            self.connect_to_new_endpoint()
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001 - the library has no list of what it raises
            raise Unreachable(VENDOR, f"no link ({type(error).__name__})") from None
        if not self.is_connected():
            raise Unreachable(VENDOR, "no link")

    def is_well(self) -> bool:
        """Return whether a link stands; one whose pings cannot be sent any more is given up."""
        session = self.current_session
        if session is not None and session.is_active() and session.consecutive_check_state_error_count:
            session.disconnect()
        return self.is_connected()

    def hang_up(self) -> None:
        """End the link and the library's threads."""
        session = self.current_session
        sock = session.sock if session is not None else None
        if sock is not None:
            with suppress(OSError):  # else who listens would do so for three seconds more
                sock.shutdown(socket.SHUT_WR)
        self.close()


def _pause(failed: int) -> timedelta:
    longer: timedelta = LOOK_EVERY * 2 ** min(failed, 10)
    return min(LONGEST_WAIT, longer)
