"""Where a handoff goes, why, and the rules that decide it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReasonKind(StrEnum):
    """What one decision rests on."""

    RULE = "rule"  #: a rule of the desk matched
    OTHERWISE = "otherwise"  #: no rule matched, so the last one counts
    SHIFT = "shift"  #: the owner holds the shift
    OVERRIDE = "override"  #: the owner stands in for the shift's owner
    FIXED_OWNER = "fixed_owner"  #: the rule names the owner
    AGAIN = "again"  #: the owner had the conversation before, and is on duty
    GAP = "gap"  #: nobody is on duty
    BACKUP = "backup"
    GROUP = "group"
    PRIORITY = "priority"
    POLICY = "policy"
    CARD_CHANNEL = "card_channel"
    HINT = "hint"  #: what the bot proposed, and whether it counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One decision in a sentence. The text holds words of the desk and the bot, none of the customer."""

    kind: ReasonKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What a handoff gets. `owner`, `backup` and `lead` are keys of people of the desk.

    `owner` is None on a roster gap, `shift` when no shift covers the moment, `group` when the
    helpdesk's default is to be used, `card_channel` when no channel is known for the card.
    """

    group: str | None
    priority: str  #: "low", "normal", "high" or "urgent"
    policy: str
    card_channel: str | None
    owner: str | None
    backup: str | None
    lead: str | None
    shift: str | None
    reasons: tuple[Reason, ...] = ()

    def has(self, kind: ReasonKind) -> bool:
        return any(reason.kind is kind for reason in self.reasons)


class Comparison(StrEnum):
    """How a fact is held against a rule's value."""

    IS = "is"
    AT_LEAST = ">="
    AT_MOST = "<="
    OVER = ">"
    UNDER = "<"


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One value that a rule accepts. Every comparison but `IS` takes a number."""

    __test__ = False

    comparison: Comparison
    value: str | int | float | bool

    def __str__(self) -> str:
        return f"{self.comparison} {self.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A dotted path into the handoff's document; it holds when any one of the tests does."""

    path: str
    tests: tuple[Test, ...]

    def __str__(self) -> str:
        if all(test.comparison is Comparison.IS for test in self.tests):
            return f"{self.path} is {' or '.join(str(test.value) for test in self.tests)}"
        return f"{self.path} {' or '.join(str(test) for test in self.tests)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteRule:
    """One line of the desk's routes. All conditions must hold; no condition means "otherwise".

    None leaves the decision to what holds without the rule: the shift, the bot's hint, the last rule.
    """

    number: int  #: its place in the desk file, from 1
    when: tuple[Condition, ...] = ()
    group: str | None = None
    owner: str | None = None
    priority: str | None = None
    policy: str | None = None
    card_channel: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """Where a handoff goes when nobody is on duty. None means the desk names nothing."""

    card_channel: str | None = None
    lead: str | None = None
