"""What people and customers said of answered handoffs. Who was not asked, or said nothing, is told apart.

Source: docs/glossary.md, "context retention" and "skill match".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bridge.reports.honest import Share
from bridge.reports.received import Received


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The ids of answered handoffs by what was said: well, not well, nothing."""

    well: tuple[str, ...]
    badly: tuple[str, ...]
    unsaid: tuple[str, ...]

    @property
    def share(self) -> Share:
        """Return the share of those that went well, of those of which something was said."""
        return Share(hits=len(self.well), of=len(self.well) + len(self.badly))

    @property
    def coverage(self) -> Share:
        """Return of how many something was said."""
        said = len(self.well) + len(self.badly)
        return Share(hits=said, of=said + len(self.unsaid))


def routed_well(handoffs: Iterable[Received]) -> Judged:
    """Judge by whether a person had to choose the group anew; nobody doing so means it was right."""
    return _judged(handoffs, lambda handoff: not handoff.rerouted)


def context_kept(handoffs: Iterable[Received]) -> Judged:
    """Judge by what people pressed: whether they had to ask for something that the bot had been told."""
    return _judged(handoffs, lambda handoff: None if handoff.re_asked is None else not handoff.re_asked)


def satisfied(handoffs: Iterable[Received]) -> Judged:
    """Judge by the customers' own ratings; a neutral one is not satisfied."""
    return _judged(handoffs, lambda handoff: None if handoff.rating is None else handoff.rating == "good")


def _judged(handoffs: Iterable[Received], verdict: Callable[[Received], bool | None]) -> Judged:
    found: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for handoff in handoffs:
        if handoff.answered_at is not None:
            found[verdict(handoff)].append(handoff.handoff_id)
    return Judged(well=tuple(found[True]), badly=tuple(found[False]), unsaid=tuple(found[None]))
