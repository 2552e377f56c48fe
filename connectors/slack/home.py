"""A person's own page: who waits for them, who is on duty, what to take over, what they are told.

Source: Slack, "App Home" and Block Kit reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.chat import Action, Card, Holding, Home, HomeCover, HomeGap
from connectors.slack.blocks import Block, actions, button, context, plain, section
from connectors.slack.card import row_of
from connectors.slack.mrkdwn import date_token, escape

BLOCKS_LIMIT = 100  #: of a home tab
HEADER_LIMIT = 150
LABEL_ROOM = 40  #: characters of a channel's name on a button
WORD_LIMIT = 200
OTHERS_LIMIT = 12
MOMENT = "{date_short_pretty} {time}"


def home_view(home: Home, now: datetime) -> dict[str, Any]:
    """Return the view. Whatever the home holds, it has no more blocks than Slack takes."""
    return {"type": "home", "blocks": list(_blocks(home, now))[:BLOCKS_LIMIT]}


def _blocks(home: Home, now: datetime) -> Iterator[Block]:
    if home.refusal is not None:
        yield section(_word(home.refusal))
        return
    yield from _waiting(home, now)
    yield from _duty(home)
    yield from _others(home.others_now)
    yield from _gaps(home.gaps)
    yield _header("What I tell you directly")
    yield section("\n".join(_word(sentence) for sentence in home.alerts) or "…")
    yield actions([button("Change…", Action.ALERTS, value="alerts")])


def _waiting(home: Home, now: datetime) -> Iterator[Block]:
    yield _header("Who waits for you")
    if not home.waiting:
        yield section("Nobody waits for you.")
    for card in home.waiting:
        yield from _row(card, now)
    if rest := list(_not_shown(home)):
        yield context(rest)


def _row(card: Card, now: datetime) -> Iterator[Block]:
    yield from row_of(card, now)
    yield {"type": "divider"}


def _not_shown(home: Home) -> Iterator[str]:
    if home.more_waiting:
        yield f"… and {home.more_waiting} more who wait."
    if home.answered:
        yield f"{home.answered} answered and not resolved."


def _duty(home: Home) -> Iterator[Block]:
    yield _header("Your shift")
    lines = [_held(holding) for holding in home.mine_now] or ["You hold no channel now."]
    if home.mine_next and home.mine_next.starts_at:
        starts, ends = (date_token(at, MOMENT) for at in (home.mine_next.starts_at, home.mine_next.ends_at))
        lines.append(f"Next: {_word(home.mine_next.channel)} from {starts} until {ends}.")
    yield section("\n".join(lines))
    for cover in home.covers:
        yield from _cover(cover)


def _cover(cover: HomeCover) -> Iterator[Block]:
    yield section(f"{_word(cover.text)} until {date_token(cover.ends_at, MOMENT)}.")
    yield actions([button("Give it back", Action.GIVE_BACK, value=cover.cover_id)])


def _others(others: Sequence[Holding]) -> Iterator[Block]:
    if not others:
        return
    yield _header("Who else is on duty")
    for holding in others[:OTHERS_LIMIT]:
        yield section(f"{_word(holding.name)}: {_held(holding)}")
        label = f"Take over {holding.channel[:LABEL_ROOM]}…"
        yield actions([button(label, Action.TAKE_OVER, value=holding.channel)])


def _gaps(gaps: Sequence[HomeGap]) -> Iterator[Block]:
    if not gaps:
        return
    yield _header("Nobody on duty")
    yield section("\n".join(_gap(gap) for gap in gaps))


def _gap(gap: HomeGap) -> str:
    starts = f"from {date_token(gap.starts_at, MOMENT)}" if gap.starts_at else "now, and"
    return f"▲ {_word(gap.channel)} {starts} until {date_token(gap.ends_at, MOMENT)}"


def _held(holding: Holding) -> str:
    shift = f" ({_word(holding.shift)})" if holding.shift else ""
    note = f" {_word(holding.note)}." if holding.note else ""
    return f"{_word(holding.channel)}{shift} until {date_token(holding.ends_at, MOMENT)}.{note}"


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text, HEADER_LIMIT)}


def _word(text: str) -> str:
    return escape(text, WORD_LIMIT)
