"""What tests of the chat's surfaces share: everything wired as in a web process, with a chat that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from bridge.inbound.press import Presses
from bridge.inbound.surfaces import ChatSurfaces
from bridge.worker.housekeeping import follow_homes, owe_groups
from connectors.chat import Action, Command, HomeOpened, PickedMessage, Press, PressAnswer, SharedLinks

NUMBERS = count(1)
PUBLIC_URL = "https://bridge.example/base"


@dataclass
class Surfaced:
    """People act by their key in the desk; a stranger by any other word."""

    house: Any
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house.chat.vendor = "slack"  # under this name the desk's people carry their ids
        wired = {
            "database": self.house.database,
            "accounts": self.house.accounts,
            "account_id": "main",
            "connectors": self.house.connectors,
            "clock": lambda: self.house.now,
        }
        self.surfaces = ChatSurfaces(**wired, public_url=PUBLIC_URL)
        self.presses = Presses(**wired)

    def say(self, text: str, who: str = "asha", *, event_id: str | None = None) -> str:
        command = Command(event_id=event_id or f"command {next(NUMBERS)}", user_id=user(who), text=text)
        return self.surfaces.command(command)

    def press(
        self,
        action: Action,
        who: str = "asha",
        *,
        subject: str = "",
        handoff_id: str = "",
        entered: dict[str, str] | None = None,
        event_id: str | None = None,
        **more: Any,
    ) -> PressAnswer:
        """Press a button of a page or send off a dialog; where there is something to tell, it is owed."""
        press = Press(
            event_id=event_id or f"press {next(NUMBERS)}",
            action=action,
            handoff_id=handoff_id,
            subject=subject,
            user_id=user(who),
            user_name=who,
            trigger="trigger",
            entered=entered,
            **more,
        )
        answer = self.presses.take(press)
        if answer.text:
            self.presses.refuse(press, answer.text)
        return answer

    def send_off(self, who: str = "asha", **entered: str) -> PressAnswer:
        """Send off the dialog that was opened last."""
        _, dialog = self.house.chat.dialogs[-1]
        return self.press(dialog.action, who, entered=entered, kept=dialog.kept)

    def open_home(self, who: str = "asha") -> None:
        self.surfaces.opened(HomeOpened(user_id=user(who)))

    def pick(self, text: str, who: str = "asha", *, ts: str = "1.2") -> None:
        self.surfaces.picked(
            PickedMessage(
                event_id=f"picked {next(NUMBERS)}",
                user_id=user(who),
                user_name=who,
                conversation_id=f"slack:T0SHOP:C0TALK:{ts}",
                text=text,
                code="slack_shortcut",
                trigger="trigger",
            )
        )

    def share(self, *urls: str, who: str = "asha") -> None:
        place = {"channel": "C0TALK", "ts": "1.2"}
        self.surfaces.shared(SharedLinks(user_id=user(who), place=place, urls=urls))

    def follow_homes(self) -> None:
        follow_homes(self.house.database, self.house.accounts, self.house.now)

    def owe_groups(self) -> None:
        owe_groups(self.house.database, self.house.accounts, self.house.now)

    def pages(self, who: str = "asha") -> list[Any]:
        """Return what a user's page has shown, the newest last."""
        return self.house.chat.homes.get(user(who), [])

    def alone(self, who: str = "asha") -> list[str]:
        """Return what was written to one user by the chat's own id."""
        return [notice.text for place, notice in self.house.chat.notices if place == f"@{user(who)}"]

    def written_to(self, key: str) -> list[str]:
        """Return the direct messages about a handoff to a person of the desk."""
        return [notice.text for place, notice in self.house.chat.notices if place == f"@{key}"]

    def pay(self, **later: float) -> int:
        """Let time pass, by default so much that pages may be drawn, and pay what is owed then."""
        self.house.now += timedelta(**(later or {"seconds": 2}))
        return self.house.pay()


def user(who: str) -> str:
    return f"U07{who.upper()}"
