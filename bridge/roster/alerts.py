"""What one person wants to be told directly, and in which hours not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.roster.model import DAY_MINUTES


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """Hours of every day on the clocks of `zone`, in minutes after midnight; they may run past it.

    The first minute is quiet and the last is not.
    """

    from_minute: int
    to_minute: int
    zone: str  #: IANA name

    def __post_init__(self) -> None:
        for minute in (self.from_minute, self.to_minute):
            if not 0 <= minute < DAY_MINUTES:
                raise ValueError(f"quiet hours at minute {minute}, outside a day")
        if self.from_minute == self.to_minute:
            raise ValueError("quiet hours that never end")

    def __contains__(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.zone))
        since = (local.hour * 60 + local.minute - self.from_minute) % DAY_MINUTES
        return since < (self.to_minute - self.from_minute) % DAY_MINUTES


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRules:
    """The rules of one person; without any of their own these defaults count.

    They are about direct messages alone: what is said under a card tags people whatever their rules.
    """

    mine: bool = False  #: write when a handoff becomes theirs
    reminders: bool = True  #: write when the ladder reminds them, as it does when half the time is gone
    quiet: QuietHours | None = None  #: no such message then, unless they are on duty for it
