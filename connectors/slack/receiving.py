"""What Slack sends us: presses of buttons, challenges and checks; anything else is acknowledged."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from connectors.base import Action, Press, PressAnswer, Surfaces
from connectors.slack.card import MORE, OPEN_TICKET
from connectors.slack.dialogs import CALLBACK, TooLong, fields_of, view_of
from connectors.slack.presses import press_of, sending_of
from connectors.slack.refusals import VENDOR
from connectors.slack.signature import verified_text
from connectors.slack.surfaces import answered, listen

OK = 200
UNREADABLE = 400
FAILED = 500

OURS: Final = re.compile("|".join((*Action, MORE)))
VIEW_SUBMISSION = "view_submission"
CLOSE: Final = {"response_action": "clear"}  #: all that is open, also what lies beneath
TOO_LONG: Final = "This is too long to send from here. Please write it in the helpdesk."

_PAYLOAD = "handoff_press"  #: where a listener leaves the press for `handle`


class HttpAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


OnPress = Callable[[Press], PressAnswer]
OnRefusal = Callable[[Press, str], None]


class SlackReceiver:
    """Verifies, reads and acknowledges. Calls no vendor and writes no body to any log. Safe for threads.

    `on_press` is called before the answer goes out, so what it keeps is kept when Slack hears of it;
    it has well under three seconds. What it raises comes out of `handle`. Where its answer has a text,
    `on_refusal` gets it, to owe the presser a private line (`SlackChat.tell_privately`).
    With `team_id`, presses in other workspaces are acknowledged and forgotten; whether the presser may
    act is for `on_press` to say (`press.extra`: team_id, user_team_id). `surfaces` takes what comes beside
    presses, before the answer goes out too; None lets it be acknowledged and forgotten.
    Raises ValueError for an empty secret.
    """

    def __init__(
        self,
        *,
        signing_secret: str,
        on_press: OnPress,
        on_refusal: OnRefusal | None = None,
        connection: str = VENDOR,
        team_id: str | None = None,
        bot_user_id: str | None = None,
        surfaces: Surfaces | None = None,
    ) -> None:
        if not signing_secret.strip():
            raise ValueError("the signing secret is empty")
        self._secret = signing_secret
        self._on_press = on_press
        self._on_refusal = on_refusal
        self._connection = connection
        self._team_id = team_id
        self._surfaces = surfaces
        self._app = _bolt_app(bot_user_id)

    def handle(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HttpAnswer:
        """Return what to answer Slack. Raises NotFromVendor, and whatever `on_press` raises."""
        text = verified_text(self._secret, headers, body, now)
        try:
            request = BoltRequest(body=text, headers=dict(headers))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return HttpAnswer(UNREADABLE, {}, b"")
        answer = self._app.dispatch(request)
        payload = request.context.get(_PAYLOAD)
        shown = self._pressed(payload) if payload is not None else self._heard(request)
        return _http_answer(answer) if shown is None else _json_answer(shown)

    def _heard(self, request: BoltRequest) -> Mapping[str, Any] | None:
        """Hand on what came beside presses; return what Slack is to show at once."""
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
        logger=_silent_logger(),
        process_before_response=True,
        request_verification_enabled=False,  # done before, and without logging the body
        token_verification_enabled=False,
        authorize=_authorize(bot_user_id),
    )
    app.action(OURS)(_keep_press)
    app.view(CALLBACK)(_keep_press)
    app.action(OPEN_TICKET)(_acknowledge)
    listen(app)
    return app


def _authorize(bot_user_id: str | None) -> Callable[..., AuthorizeResult]:
    """Return Bolt's question "who are we in this workspace", answered without asking Slack."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_user_id=bot_user_id)

    return authorize


def _keep_press(ack: Callable[[], BoltResponse], body: dict[str, Any], context: dict[str, Any]) -> None:
    context[_PAYLOAD] = body
    ack()


def _acknowledge(ack: Callable[[], BoltResponse]) -> None:
    ack()


def _silent_logger() -> logging.Logger:
    """Return a logger that says nothing: Bolt's messages quote bodies, which hold customers' words."""
    logger = logging.Logger("connectors.slack.bolt", level=logging.CRITICAL + 1)
    logger.disabled = True
    return logger
