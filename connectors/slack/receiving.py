"""What Slack sends us: presses of buttons, news, challenges and checks; anything else is acknowledged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from connectors.chat import Action, ChatEvent, Press, PressAnswer, Surfaces
from connectors.errors import NotFromVendor
from connectors.slack.api import silent_logger
from connectors.slack.card import MORE, OPEN_TICKET
from connectors.slack.dialogs import CALLBACK, TooLong, fields_of, view_of
from connectors.slack.events import READ as EVENTS
from connectors.slack.events import event_of
from connectors.slack.presses import press_of, sending_of
from connectors.slack.refusals import VENDOR
from connectors.slack.signature import verified_text
from connectors.slack.surfaces import answered, listen

OK = 200
UNREADABLE = 400
FAILED = 500

OURS: Final = re.compile("|".join((*Action, MORE)))
VIEW_SUBMISSION = "view_submission"
EVENT = "event_callback"
CLOSE: Final = {"response_action": "clear"}  #: all that is open, also what lies beneath
TOO_LONG: Final = "This is too long to send from here. Please write it in the helpdesk."

_PAYLOAD = "handoff_payload"  #: where a listener leaves what is to be taken


class HttpAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


OnPress = Callable[[Press], PressAnswer]
OnRefusal = Callable[[Press, str], None]
OnEvent = Callable[[ChatEvent], None]


class SlackReceiver:
    """Verifies, reads and acknowledges. Calls no vendor and writes no body to any log. Safe for threads.

    `on_press` is called before the answer goes out, so what it keeps is kept when Slack hears of it;
    it has well under three seconds. What it raises comes out of `handle` and `take`. Where its answer has
    a text, `on_refusal` gets it, to owe the presser a private line (`SlackChat.tell_privately`).
    `on_event` is called so, too, with what changes where we can post or whom we can reach.
    `signing_secret` None is for one that is told by links of our own alone; `handle` then refuses all.
    With `team_id`, presses in other workspaces are acknowledged and forgotten; whether the presser may
    act is for `on_press` to say (`press.extra`: team_id, user_team_id). `surfaces` takes what comes beside
    presses, before the answer goes out too; None lets it be acknowledged and forgotten.
    Raises ValueError for an empty secret.
    """

    def __init__(
        self,
        *,
        signing_secret: str | None,
        on_press: OnPress,
        on_refusal: OnRefusal | None = None,
        on_event: OnEvent | None = None,
        connection: str = VENDOR,
        team_id: str | None = None,
        bot_user_id: str | None = None,
        surfaces: Surfaces | None = None,
    ) -> None:
        if signing_secret is not None and not signing_secret.strip():
            raise ValueError("the signing secret is empty")
        self._secret = signing_secret
        self._on_press = on_press
        self._on_refusal = on_refusal
        self._on_event = on_event
        self._connection = connection
        self._team_id = team_id
        self._surfaces = surfaces
        self._app = _bolt_app(bot_user_id)

    def handle(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HttpAnswer:
        """Return what to answer Slack. Raises NotFromVendor, and whatever `on_press` raises."""
        if self._secret is None:
            raise NotFromVendor("no secret to verify by")
        text = verified_text(self._secret, headers, body, now)
        return self._taken(lambda: BoltRequest(body=text, headers=dict(headers)))

    def take(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Take what a link of our own brought, which needs no signature: the payload of an envelope.

        Return what its acknowledgement is to carry, None for nothing. Raises whatever `on_press` raises.
        """
        answer = self._taken(lambda: BoltRequest(body=dict(payload), mode="socket_mode"))
        return _content(answer.body)

    def _taken(self, read: Callable[[], BoltRequest]) -> HttpAnswer:
        """Take a verified request, by whichever way it came."""
        try:
            request = read()
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return HttpAnswer(UNREADABLE, {}, b"")
        answer = self._app.dispatch(request)
        payload = request.context.get(_PAYLOAD)
        shown = self._kept(payload) if payload is not None else self._surfaced(request)
        return _http_answer(answer) if shown is None else _json_answer(shown)

    def _kept(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Hand it on, to be kept before we answer; return what a modal is to do now, None where nothing is open."""
        if payload.get("type") != EVENT:
            return self._pressed(payload)
        self._heard(payload)
        return None

    def _heard(self, payload: Mapping[str, Any]) -> None:
        event = event_of(payload)
        ours = self._team_id in (None, payload.get("team_id"))
        if event is not None and ours and self._on_event is not None:
            self._on_event(event)

    def _surfaced(self, request: BoltRequest) -> Mapping[str, Any] | None:
        """Hand on what came beside presses and news; return what Slack is to show at once."""
        return answered(request.context, self._surfaces, self._team_id)

    def _pressed(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Hand on a press; return what a modal is to do now, None where nothing is open."""
        sent = payload.get("type") == VIEW_SUBMISSION
        press = (sending_of if sent else press_of)(payload, self._connection)
        if press is None or self._team_id not in (None, press.extra["team_id"]):
            return None
        answer = self._on_press(press)
        if answer.text is not None and self._on_refusal is not None:
            self._on_refusal(press, answer.text)
        return _next_view(answer, fields_of(payload["view"])) if sent else None


def _next_view(answer: PressAnswer, fields: Sequence[str]) -> Mapping[str, Any]:
    """Return what the modal does now. Source: Slack, "Modals", response actions."""
    if answer.problems:
        shown = {name: text for name, text in answer.problems.items() if name in fields}
        return {"response_action": "errors", "errors": shown} if shown else CLOSE
    if answer.dialog is None:
        return CLOSE
    try:
        return {"response_action": "push", "view": view_of(answer.dialog)}
    except TooLong:
        return {"response_action": "errors", "errors": dict.fromkeys(fields[:1], TOO_LONG)}


def _content(body: bytes) -> Mapping[str, Any] | None:
    """Return what an answer says beside "taken"; None for no word."""
    try:
        content = json.loads(body) if body else None
    except ValueError:
        content = {"text": body.decode()}
    return content if isinstance(content, dict) else None


def _json_answer(content: Mapping[str, Any]) -> HttpAnswer:
    return HttpAnswer(OK, {"content-type": "application/json"}, json.dumps(content).encode())


def _http_answer(answer: BoltResponse) -> HttpAnswer:
    """Acknowledge what nobody listens to (Bolt says 404, and Slack would send an event again)."""
    if answer.status == OK and answer.body:
        return HttpAnswer(OK, {"content-type": "application/json"}, answer.body.encode())
    # Our listeners cannot fail, so Bolt's 500 is its stumbling over a body of another shape.
    return HttpAnswer(UNREADABLE if answer.status == FAILED else OK, {}, b"")


def _bolt_app(bot_user_id: str | None) -> App:
    app = App(
        name="handoff-bridge",
        logger=silent_logger("connectors.slack.bolt"),
        process_before_response=True,
        request_verification_enabled=False,  # done before, and without logging the body
        token_verification_enabled=False,
        authorize=_authorize(bot_user_id),
    )
    app.action(OURS)(_keep)
    app.view(CALLBACK)(_keep)
    for name in EVENTS:
        app.event(name)(_keep)
    app.action(OPEN_TICKET)(_acknowledge)
    listen(app)
    return app


def _authorize(bot_user_id: str | None) -> Callable[..., AuthorizeResult]:
    """Return Bolt's question "who are we in this workspace", answered without asking Slack."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_user_id=bot_user_id)

    return authorize


def _keep(ack: Callable[[], BoltResponse], body: dict[str, Any], context: dict[str, Any]) -> None:
    context[_PAYLOAD] = body
    ack()


def _acknowledge(ack: Callable[[], BoltResponse]) -> None:
    ack()
