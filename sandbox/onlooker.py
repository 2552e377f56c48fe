"""Looks at the stand-ins and at the bridge's own answer until something is to be seen there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import requests

from sandbox.assembly import Sandbox

T = TypeVar("T")
Json = dict[str, Any]

LOOK_SECONDS: Final = 0.05


class StoryFailed(Exception):
    """A step of the story was not seen in time. The text names the step."""


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """What each look finds is None, or false, while it is not there. `step_seconds` is how long to look for one."""

    sandbox: Sandbox
    bridge_url: str
    key: str
    step_seconds: float

    def see(self, step: str, look: Callable[[], T | None]) -> T:
        """Return what `look` finds once it is there. Raises StoryFailed."""
        until = time.monotonic() + self.step_seconds
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(LOOK_SECONDS)
        raise StoryFailed(f"not seen within {self.step_seconds:g} seconds: {step}")

    def handoff(self, handoff_id: str) -> Json:
        """Return the handoff as its bot sees it."""
        answer = requests.get(
            f"{self.bridge_url}/v1/handoffs/{handoff_id}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=10,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def ticket(self, handoff_id: str) -> Json | None:
        known = self.handoff(handoff_id)["ticket"]
        tickets = self.sandbox.zendesk.snapshot()["tickets"] if known else []
        return next((ticket for ticket in tickets if ticket["id"] == known["id"]), None)

    def comment(self, handoff_id: str, words: str, *, public: bool) -> Json | None:
        """Return the comment on the ticket that holds these words."""
        comments = (self.ticket(handoff_id) or {}).get("comments", ())
        return next((one for one in comments if words in one["text"] and one["public"] == public), None)

    def card(self, ticket_id: str) -> tuple[Json, Json] | None:
        """Return the channel and the card, once the card links to the ticket."""
        for channel in self.sandbox.slack.snapshot()["channels"]:
            for message in channel["messages"]:
                if f"/tickets/{ticket_id}" in str(message["blocks"]):
                    return channel, message
        return None

    def card_says(self, channel: str, ts: str, word: str) -> bool:
        return word.lower() in str(self._post(channel, ts)["blocks"]).lower()

    def thread(self, channel: str, ts: str) -> list[Json]:
        return list(self._post(channel, ts)["replies"])

    def modal(self, user_id: str, title: str) -> Json | None:
        """Return the modal this user has on top, when it bears that title."""
        view = self.sandbox.slack.view_of(user_id)
        return view if view and view["title"]["text"] == title else None

    def user(self, first_name: str) -> str:
        users: dict[str, str] = self.sandbox.slack.snapshot()["users"]
        return next(user_id for user_id, name in users.items() if name.split()[0] == first_name)

    def agent(self, first_name: str) -> Any:
        agents = self.sandbox.zendesk.snapshot()["agents"]
        return next(agent["id"] for agent in agents if agent["name"].split()[0] == first_name)

    def told(self, handoff_id: str, event: str) -> list[Json]:
        """Return what the bot was told by callbacks of this event."""
        heard = self.sandbox.bot.events()
        mine = [one["data"] for one in heard if one["type"] == f"handoff.{event}"]
        return [data for data in mine if data["handoff_id"] == handoff_id]

    def _post(self, channel: str, ts: str) -> Json:
        channels = self.sandbox.slack.snapshot()["channels"]
        messages = next(one["messages"] for one in channels if one["id"] == channel)
        return dict(next(message for message in messages if message["ts"] == ts))
