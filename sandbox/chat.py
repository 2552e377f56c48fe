"""What one customer sees on their phone: the lines of one conversation, and which handoff it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Side(StrEnum):
    """Who a line comes from."""

    CUSTOMER = "customer"
    BOT = "bot"
    PERSON = "person"
    NOTICE = "notice"  #: the bridge telling the customer, through the bot, what happens next


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    at: datetime
    side: Side
    text: str
    name: str | None = None  #: the person who wrote it
    event: str | None = None  #: the bridge's event that brought it
    undelivered: bool = False  #: the bridge could not be given it


@dataclass(kw_only=True, slots=True)
class Conversation:
    conversation_id: str
    channel: str = "chat"
    customer: str | None = None
    handoff_id: str | None = None
    state: str = "with the bot"
    lines: list[Line] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)  #: ids of the messages that stand in a line

    def begin(self, payload: Mapping[str, Any], now: datetime) -> None:
        """Take channel, name and, the first time, the turns from what a bot hands over."""
        self.channel = payload.get("channel") or self.channel
        self.customer = (payload.get("customer") or {}).get("name") or self.customer
        if not self.lines:
            self.lines = [_line_of(turn, now) for turn in payload.get("transcript") or ()]

    def show(self, message: Mapping[str, Any], event: str, now: datetime) -> None:
        """Show what a person wrote, with the names of what is attached, once by the message's id."""
        message_id = message.get("id")
        if message_id in self.shown:
            return
        if message_id:
            self.shown.add(message_id)
        author = message.get("author")
        name = author.get("name") if isinstance(author, Mapping) else author
        files = [f"[{one.get('name')}]" for one in message.get("attachments") or ()]
        text = "\n".join([str(message.get("text") or ""), *files]).strip()
        self.lines.append(Line(at=now, side=Side.PERSON, text=text, name=name, event=event))

    def tell(self, text: str, event: str, now: datetime) -> None:
        """Show a notice once, though the answer and the event both bring it."""
        if not any(line.side is Side.NOTICE and line.text == text for line in self.lines):
            self.lines.append(Line(at=now, side=Side.NOTICE, text=text, event=event))

    def snapshot(self) -> dict[str, Any]:
        return {
            "id": self.conversation_id,
            "channel": self.channel,
            "customer": self.customer,
            "handoff_id": self.handoff_id,
            "state": self.state,
            "lines": [asdict(line) | {"at": line.at.isoformat()} for line in self.lines],
        }


def _line_of(turn: Mapping[str, Any], now: datetime) -> Line:
    said_at = turn.get("at")
    speaker = turn.get("speaker")
    return Line(
        at=datetime.fromisoformat(said_at) if said_at else now,
        side=Side(speaker) if speaker in set(Side) else Side.BOT,
        text=str(turn.get("text", "")),
    )
