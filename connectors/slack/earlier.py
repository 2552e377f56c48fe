"""Whether an earlier attempt's post is there already. Slack knows no idempotency, so a mark on it must do.

Only asked when an answer was lost. Slack advises pages of 200; for apps sold outside the Marketplace it
cuts them to 15 and allows one a minute (Slack changelog, 2025-05-29), which counts as not being allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Once
from connectors.errors import Busy, Gone, Rejected
from connectors.slack.api import Method, SlackApi
from connectors.slack.refusals import VENDOR

PAGE_LENGTH = 200
PAGES = 10
CLOCK_SKEW = timedelta(minutes=2)  #: between ours and Slack's, at most
DOUBT = timedelta(seconds=30)  #: how long a post that may have arrived keeps us from posting again


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What we know of earlier attempts: `message` is the post they made, None when there is none to see."""

    message: str | None = None
    text: str = ""  #: of that post
    may_repeat: bool = False  #: we could not look, so the post to come may be the second one


class CannotTellError(Exception):
    """Slack does not let us look, or there is more to look through than we may."""


class EarlierPosts:
    """Finds our own posts by the delivery they carry in their metadata.

    An answer lost sooner than `patience`, the call's own timeout, was a broken connection: what has not
    arrived will not. One lost later may belong to a call that Slack still works on.
    """

    def __init__(self, api: SlackApi, patience: timedelta) -> None:
        self._api = api
        self._patience = patience

    def settle(self, once: Once, channel: str, thread: str | None, now: datetime) -> Earlier:
        """Return whether to post. Raises Busy while that cannot be said yet, Gone when the channel is.

        `thread` is the message whose replies to look through; None looks through the channel.
        """
        if not once.look_first:
            return Earlier()
        since = once.first_tried_at or now - DOUBT
        left = since + DOUBT - now
        try:
            message = self._find(once.key, channel, thread, since - CLOCK_SKEW)
        except CannotTellError as reason:
            if left > timedelta(0):
                raise _wait(str(reason), left) from None
            return Earlier(may_repeat=True)
        if message is not None:
            return Earlier(message=str(message["ts"]), text=str(message.get("text") or ""))
        if now - since >= self._patience and left > timedelta(0):
            raise _wait("Slack may still be working on it", left)
        return Earlier()

    def _find(self, key: str, channel: str, thread: str | None, oldest: datetime) -> Mapping[str, Any] | None:
        cursor = None
        for _page in range(PAGES):
            answer = self._page(channel, thread, oldest, cursor)
            found: Mapping[str, Any]
            for found in answer.get("messages") or ():
                if _delivery_of(found) == key:
                    return found
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
        raise CannotTellError("there are too many messages to look through")

    def _page(
        self, channel: str, thread: str | None, oldest: datetime, cursor: str | None
    ) -> Mapping[str, Any]:
        client = self._api.client
        method: Method = client.conversations_history if thread is None else client.conversations_replies
        place = {"channel": channel} if thread is None else {"channel": channel, "ts": thread}
        try:
            return self._api.read(
                method,
                **place,
                oldest=f"{oldest.timestamp():.6f}",
                limit=PAGE_LENGTH,
                include_all_metadata=True,
                cursor=cursor,
            )
        except Gone:
            raise
        except Rejected as refused:  # a scope, a token type or a membership we lack
            raise CannotTellError(refused.detail) from None
        except Busy as busy:
            if busy.limit is None:
                raise
            raise CannotTellError(busy.detail) from None


def _delivery_of(message: Any) -> str | None:
    """Return the delivery that a message carries the mark of, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("ts"), str):
        return None
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    delivery = payload.get("delivery")
    return delivery if isinstance(delivery, str) else None


def _wait(reason: str, left: timedelta) -> Busy:
    return Busy(VENDOR, f"an earlier post may have arrived: {reason}", retry_after=left)
