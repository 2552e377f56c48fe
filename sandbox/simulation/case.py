"""One conversation as the world outside the bridge knows it: the truth that the bridge is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(eq=False, kw_only=True, slots=True)
class Case:
    """`key` is the bot's idempotency key. `again` tells a later handoff of one conversation."""

    payload: dict[str, Any]
    key: str
    begins_at: datetime  #: the moment of the bot's first post
    attempts: int = 0  #: posts of the bot until it got its answer
    handoff_id: str | None = None  #: from the bridge's answer; None until it came
    again: bool = False
    attended: bool = False  #: somebody reads it already
    withdrawn_at: datetime | None = None
    solved_at: datetime | None = None
    replies: list[datetime] = field(default_factory=list)  #: public, by people, by the helpdesk's clock

    @property
    def conversation_id(self) -> str:
        return str(self.payload["conversation_id"])

    @property
    def is_over(self) -> bool:
        return self.withdrawn_at is not None or self.solved_at is not None
