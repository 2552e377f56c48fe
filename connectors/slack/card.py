"""How one handoff looks in its shift's channel: two lines, who has it, why, the wait, the buttons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bridge.roster.model import Person
from connectors.chat import Action, Card, CardState
from connectors.slack.blocks import (
    MAY_REPEAT,
    Block,
    Post,
    actions,
    button,
    context,
    is_web_address,
    overflow,
    section,
)
from connectors.slack.mrkdwn import date_token, escape

OPEN_TICKET = "open_ticket"
MORE = "more"
PRIMARY = {"style": "primary"}
VERDICTS = (
    ("👍 Context helped", Action.CONTEXT_HELPED),
    ("👎 It did not", Action.CONTEXT_FAILED),
    ("Had to re-ask", Action.RE_ASKED),
)

# Characters, escapes included. The lines come with 160 at most; these bounds hold whatever comes.
LINE_LIMIT = 1_400
REASON_LIMIT = 600
WORD_LIMIT = 160
FLAGS_SHOWN = 5
CLOSE_IS_NEAR = timedelta(hours=4)  # a channel that closes later is not worth a line yet

UNDECIDED = frozenset({CardState.WAITING, CardState.LATE})
UNANSWERED = UNDECIDED | {CardState.CLAIMED}
SETTLED = frozenset({CardState.ANSWERED, CardState.CLOSED})

UNDELIVERED = "▲ The customer's chat did not take the last reply: answer by another way"

FLAG_WORDS = {
    "gap": "Nobody was on duty when this came in.",
    "clock_untrusted": "The bot's clock was wrong; times count from when we got this.",
}


def card_post(card: Card, *, owner: str | None, lead: str | None, now: datetime, may_repeat: bool) -> Post:
    """Return the card as it stands at `now`. `owner` and `lead` are mentions or escaped names, as reached."""
    lines = "\n".join(escape(line, LINE_LIMIT) or "…" for line in card.lines)
    standing = "\n".join((_standing(card, owner, lead), *_before(card)))
    blocks = [
        section(lines),
        section(f"{standing}\n{escape(card.reason, REASON_LIMIT) or 'No reason given'}"),
        context(list(_times(card, now))),
        context([*_facts(card), *([MAY_REPEAT] if may_repeat else [])]),
    ]
    if unheard := list(_unheard(card)):
        blocks.insert(2, context(unheard))
    blocks += _rows(card)
    return Post(text=f"{lines}\n{MAY_REPEAT}" if may_repeat else lines, blocks=tuple(blocks))


def row_of(card: Card, now: datetime) -> list[Block]:
    """Return a card as a row among others, on a page of its reader's own: they are not mentioned there."""
    standing = _standing(card, *(_plain(person) for person in (card.owner, card.lead)))
    return [
        section("\n".join(escape(line, LINE_LIMIT) or "…" for line in card.lines)),
        context([standing, *_times(card, now), *_facts(card)]),
        actions(list(_work(card))),
    ]


def unfurled(card: Card, now: datetime) -> list[Block]:
    """Return what is shown of a card under a link to it: no buttons, nobody mentioned."""
    standing = _standing(card, *(_plain(person) for person in (card.owner, card.lead)))
    lines = "\n".join(escape(line, LINE_LIMIT) or "…" for line in card.lines)
    return [section(lines), context([standing, *_times(card, now)])]


def _plain(person: Person | None) -> str | None:
    return escape(person.name, WORD_LIMIT) if person else None


def _standing(card: Card, owner: str | None, lead: str | None) -> str:
    """Tell the state by a shape and a word, so that no one needs to see its colour."""
    who = _who(owner, lead)
    claimed = f"claimed by {_word(card.claimed_by)}" if card.claimed_by else "not claimed"
    match card.state:
        case CardState.WAITING:
            return f"○ *Waiting* · {who}"
        case CardState.CLAIMED:
            return f"◐ *Claimed* by {_word(card.claimed_by or 'somebody')} · {who}"
        case CardState.LATE:
            return f"▲ *Late*, no answer yet · {claimed} · {who}"
        case CardState.ANSWERED:
            return f"● *Answered* {_answer(card)} · {who}"
        case CardState.CLOSED:
            return f"■ *Closed*: {_word(card.closing or 'no reason given')} · {who}"


def _who(owner: str | None, lead: str | None) -> str:
    if owner is not None:
        return f"owner {owner}"
    if lead is not None:
        return f"nobody on duty, lead {lead}"
    return "nobody on duty and no lead named"


def _before(card: Card) -> Iterator[str]:
    """Tell who had it before: until the shift change, or when the conversation was handed over the last time."""
    if card.handed_on_from and card.owner:
        before, after = (_word(person.first_name) for person in (card.handed_on_from, card.owner))
        yield f"From {before} to {after} at the shift change"
    if card.was_with and card.was_with_until:
        until = date_token(card.was_with_until, "{date_short_pretty} {time}")
        yield f"Again: was with {_word(card.was_with.first_name)} until {until}"


def _answer(card: Card) -> str:
    who = f"by {_word(card.answered_by or 'a person')}"
    at = f" at {date_token(card.answered_at, '{time}')}" if card.answered_at else ""
    kept = {None: "", True: ", within the promise", False: ", after the promise"}[card.within_promise]
    return f"{who}{at}{kept}"


def _times(card: Card, now: datetime) -> Iterator[str]:
    if card.state in SETTLED:
        until = card.answered_at or now
        yield f"Waited {in_words(until - card.waiting_since)}"
        return
    # {ago} goes on counting in the reader's client; the fallback says how long it was when posted.
    waited = in_words(now - card.waiting_since)
    yield date_token(card.waiting_since, "Waiting since {time} ({ago})", f"Waiting for {waited}")
    verb = "Answer was due" if card.state is CardState.LATE else "Answer due"
    yield f"{verb} {date_token(card.promised_at, 'by {date_short_pretty} {time}')}"
    if card.snoozed_until:
        by = f" by {_word(card.snoozed_by)}" if card.snoozed_by else ""
        yield f"Snoozed{by} until {date_token(card.snoozed_until, '{time}')}"
    yield from _closing(card, now)


def _closing(card: Card, now: datetime) -> Iterator[str]:
    """Tell when the customer's channel closes, or since when it is closed, while nobody has answered."""
    closes_at = card.channel_closes_at
    if closes_at is None or closes_at - now > CLOSE_IS_NEAR:
        return
    channel = _word(card.customer_channel or "The customer's channel")
    if now < closes_at:
        yield f"{channel} closes {date_token(closes_at, '{date_short_pretty} at {time}')}"
    else:
        yield f"{channel} closed since {date_token(closes_at, '{date_short_pretty} {time}')}"


def _unheard(card: Card) -> Iterator[str]:
    """Yield what one side has written and the other has not taken in."""
    if card.wrote_again_at:
        yield date_token(card.wrote_again_at, "Customer wrote again at {time}")
    if card.undelivered:
        yield UNDELIVERED


def _facts(card: Card) -> Iterator[str]:
    if card.ticket is None:
        yield "Ticket pending"
    else:
        yield f"Ticket {_word(card.ticket.id)}"
    if card.customer:
        yield f"Customer {_word(card.customer)}"
    if card.topic:
        yield f"Topic {_word(card.topic)}"
    if card.built:
        yield "The bot gave no summary; these lines were made from the conversation."
    for flag in card.flags[:FLAGS_SHOWN]:
        yield FLAG_WORDS.get(flag) or _word(flag)


def _rows(card: Card) -> Iterator[Block]:
    """Yield the rows of buttons: the work, then what the person says of the bot's context."""
    if work := list(_work(card)):
        yield actions(work)
    if card.state is not CardState.CLOSED and (card.claimed_by or card.answered_by):
        yield actions([button(label, action, value=card.handoff_id) for label, action in VERDICTS])


def _work(card: Card) -> Iterator[Block]:
    is_open = card.state is not CardState.CLOSED
    unclaimed = card.state in UNDECIDED and not card.claimed_by
    if unclaimed:
        yield button("Claim", Action.CLAIM, value=card.handoff_id) | PRIMARY
    if is_open:
        reply = button("Reply to customer", Action.REPLY, value=card.handoff_id)
        yield reply | (PRIMARY if card.state in UNANSWERED and not unclaimed else {})
        yield button("Private note", Action.NOTE, value=card.handoff_id)
    if card.ticket is not None and is_web_address(card.ticket.url):
        yield button("Open ticket", OPEN_TICKET, url=card.ticket.url)
    if is_open:
        chosen = [(label, f"{action}:{card.handoff_id}") for label, action in _more(card)]
        yield overflow(MORE, chosen)


def _more(card: Card) -> Iterator[tuple[str, Action]]:
    yield "Hand over…", Action.HAND_OVER
    yield "Wrong team…", Action.WRONG_TEAM
    if card.state in UNANSWERED:
        yield "Snooze…", Action.SNOOZE
        yield "Escalate now", Action.ESCALATE
    yield "Resolve…", Action.RESOLVE


def in_words(wait: timedelta) -> str:
    """Return a wait as a person says it, "under a minute" to "3 d 4 h"; none is negative."""
    minutes = max(0, int(wait.total_seconds() // 60))
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def _word(text: str) -> str:
    return escape(text, WORD_LIMIT)
