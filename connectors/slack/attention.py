"""Whether a user of the workspace would notice a message. Asked seldom, remembered shortly.

A mention of somebody deactivated is drawn like any other and notifies nobody; a guest sees only some channels.
Source: Slack, `users.info`, `users.getPresence`, `dnd.info`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.chat import Attention
from connectors.errors import AccessDenied
from connectors.slack.api import SlackApi
from connectors.slack.refusals import NoSuchUser

#: a user who was there a while ago is there still
MEMBER_FOR: Final = timedelta(minutes=10)
#: short, since a person comes back from lunch
SEEN_FOR: Final = timedelta(minutes=1)
#: the budget of these calls: one of them that is refused holds up no card
BUDGET: Final = "attention"


@dataclass(frozen=True, slots=True)
class _Known:
    value: Any
    until: datetime


class Attentions:
    """Safe for threads."""

    def __init__(self, api: SlackApi, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], _Known] = {}

    def is_member(self, user_id: str) -> bool:
        """Return whether this is an active full member. Raises ConnectorError."""
        return bool(self._remembered("member", user_id, MEMBER_FOR, self._ask_member))

    def of(self, user_id: str) -> Attention:
        """Return whether this user would notice a message now. Raises ConnectorError."""
        if not self.is_member(user_id):
            return Attention.UNREACHABLE
        away = self._remembered("away", user_id, SEEN_FOR, self._ask_away)
        return Attention.AWAY if away else Attention.HERE

    def _remembered(self, what: str, user_id: str, span: timedelta, ask: Callable[[str], bool]) -> bool:
        now = self._clock()
        with self._lock:
            known = self._known.get((what, user_id))
        if known is None or known.until <= now:
            known = _Known(ask(user_id), now + span)
            with self._lock:
                self._known[what, user_id] = known
        return bool(known.value)

    def _ask_member(self, user_id: str) -> bool:
        try:
            answer = self._api.read(self._api.client.users_info, budget=BUDGET, user=user_id)
        except NoSuchUser:
            return False
        user = answer.get("user")
        return is_full_member(user if isinstance(user, dict) else {})

    def _ask_away(self, user_id: str) -> bool:
        return self._is_not_to_be_disturbed(user_id) or self._is_absent(user_id)

    def _is_absent(self, user_id: str) -> bool:
        try:
            answer = self._api.read(self._api.client.users_getPresence, budget=BUDGET, user=user_id)
        except AccessDenied:
            return False
        return answer.get("presence") == "away"

    def _is_not_to_be_disturbed(self, user_id: str) -> bool:
        try:
            answer = self._api.read(self._api.client.dnd_info, budget=BUDGET, user=user_id)
        except AccessDenied:  # the scope may be left out
            return False
        now = self._clock().timestamp()
        if answer.get("snooze_enabled") and _number(answer.get("snooze_endtime")) > now:
            return True
        starts, ends = (_number(answer.get(name)) for name in ("next_dnd_start_ts", "next_dnd_end_ts"))
        return bool(answer.get("dnd_enabled")) and starts <= now < ends


def is_full_member(user: Mapping[str, Any]) -> bool:
    """Return whether this user, as Slack shows it, is active and no guest."""
    return not any(user.get(flag) for flag in ("deleted", "is_restricted", "is_ultra_restricted"))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
