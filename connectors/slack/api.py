"""The one place that calls Slack: what came back, what never left, and what may have been done unseen.

Source for the client's ways: slack_sdk 3.47, `web/base_client.py` and `web/slack_response.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import (
    BotUserAccessError,
    SlackApiError,
    SlackClientConfigurationError,
    SlackClientError,
    SlackObjectFormationError,
    SlackRequestError,
)
from slack_sdk.web import SlackResponse

from connectors.errors import EVERYTHING, Busy, ConnectorError, Rejected, Unreachable
from connectors.http_answers import asked_delay
from connectors.slack.refusals import VENDOR, is_code, lost, refusal
from connectors.slack.web_client import WiredWebClient

BASE_URL = "https://slack.com/api/"
TIMEOUT_SECONDS = 10
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500

#: raised by the client before anything is sent
NEVER_SENT = (
    BotUserAccessError,
    SlackClientConfigurationError,
    SlackObjectFormationError,
    SlackRequestError,
)
#: raised while an answer is read. The client calls `.get` on whatever JSON came, hence the odd ones.
ANSWER_LOST = (
    SlackClientError,
    OSError,
    HTTPException,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    RecursionError,
)

Method = Callable[..., SlackResponse]
Answer = Mapping[str, Any]


class SlackApi:
    """Calls methods of `client` and turns each of its failures into one of `connectors.errors`.

    `base_url` ends in "/api/"; the slash may be left out. Nothing is tried twice: the client's own
    retry would post again after a reset, so it is off.
    """

    def __init__(
        self, *, token: str, base_url: str = BASE_URL, timeout_seconds: int = TIMEOUT_SECONDS
    ) -> None:
        self.client = WiredWebClient(
            token=token,
            base_url=base_url.rstrip("/") + "/",
            timeout=timeout_seconds,
            retry_handlers=[],
            logger=silent_logger("connectors.slack.client"),
        )

    def read(self, method: Method, *, budget: str = EVERYTHING, **arguments: Any) -> Answer:
        """Call a method that changes nothing: a lost answer is Busy. Raises ConnectorError.

        `budget` is the one that a 429 finds used up.
        """
        return _body(self._call(method, budget, False, arguments), writes=False)

    def write(self, method: Method, *, budget: str = EVERYTHING, **arguments: Any) -> Answer:
        """Call a method that changes something: a lost answer is OutcomeUnknown. Raises ConnectorError."""
        return _body(self._call(method, budget, True, arguments), writes=True)

    def headers(self, method: Method) -> Mapping[str, str]:
        """Read, and return the answer's headers under lower-case names. Raises ConnectorError."""
        response = self._call(method, EVERYTHING, False, {})
        return {name.lower(): value for name, value in response.headers.items()}

    def _call(self, method: Method, budget: str, writes: bool, arguments: Mapping[str, Any]) -> SlackResponse:
        # `from None` everywhere: the client's errors carry the token and whatever Slack sent back.
        try:
            return method(**arguments)
        except SlackApiError as error:
            raise _refused(error.response, budget, writes) from None
        except NEVER_SENT as error:
            raise Rejected(VENDOR, f"the call could not be built ({type(error).__name__})") from None
        except URLError as error:
            # urllib wraps only what fails while connecting and sending; a request that was not
            # sent whole has done nothing. What fails while reading the answer comes unwrapped.
            raise Unreachable(VENDOR, f"no connection ({type(error.reason).__name__})") from None
        except ANSWER_LOST as error:
            raise lost(f"no readable answer ({type(error).__name__})", writes=writes) from None


def text_of(answer: Answer, name: str, *, writes: bool) -> str:
    """Return a text that a successful answer must hold. Where it is missing, the answer counts as lost."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise lost(f"the answer lacks {name}", writes=writes)
    return value


def _body(response: SlackResponse, *, writes: bool) -> Answer:
    if not isinstance(response.data, dict):
        raise lost("no readable answer", writes=writes)
    return response.data


def _refused(response: SlackResponse, budget: str, writes: bool) -> ConnectorError:
    if response.status_code == TOO_MANY_REQUESTS:
        wait = asked_delay(response.headers.get("Retry-After"), datetime.now(UTC))
        return Busy(VENDOR, "too many calls", retry_after=wait, limit=budget)
    said = response.data if isinstance(response.data, dict) else {}
    code = said.get("error")
    if not is_code(code) or response.status_code >= SERVER_ERROR:
        return lost(f"no readable answer (HTTP {response.status_code})", writes=writes)
    return refusal(code, writes=writes, budget=budget, needed=said.get("needed"))


def silent_logger(name: str) -> logging.Logger:
    """Return a logger that says nothing: Slack's libraries log bodies, which hold customers' words."""
    logger = logging.Logger(name, level=logging.CRITICAL + 1)
    logger.disabled = True
    return logger
