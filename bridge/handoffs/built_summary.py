"""A summary by rules, for a bot that gave none: from the customer's last words and the facts sent."""

from __future__ import annotations

from typing import Final

import regex

from bridge.handoffs.model import Attempt, Context, Record, Speaker, TriggerKind
from bridge.handoffs.reading import words
from bridge.handoffs.text import cut, one_line, strip_bidi

#: the customer's last turns are taken until they hold so many words that say something
ENOUGH_WORDS: Final = 4
MOST_TURNS: Final = 3
QUOTE: Final = 240
#: attempts and records named; the rest are counted
NAMED: Final = 3

#: words of greeting, assent and asking for a person: a turn of nothing else says nothing about the matter
_EMPTY_WORDS: Final = frozenset(
    (  # noqa: SIM905 (a list of a hundred quoted words is no easier to read)
        "hi hello hey hiya yo namaste good morning afternoon evening day dear sir madam team there bot "
        "ok okay k kk yes yeah yep no nope sure fine alright right thanks thank thx ty cool great hmm hm um "
        "please pls plz kindly now asap urgent urgently again still just only really anyone somebody someone "
        "a an the i im me my you your we us it is am are be to with of for and or on in at so but oh ah "
        "want wants need needs like would can could may will shall lets let have has get give put make "
        "agent agents human humans person people representative rep reps operator operators advisor "
        "manager supervisor executive support customer service care staff specialist real live actual help "
        "speak speaking talk talking chat chatting connect connecting transfer transferring pass escalate "
        "call namaskar haan han ji nahi nahin kripya bhai "
        "नमस्ते नमस्कार हाँ हां जी नहीं ठीक है कृपया धन्यवाद एजेंट "
        "hola sí si gracias por favor agente persona humano hablar con un una quiero bonjour salut oui non "
        "merci svp 你好 您好 人工 转人工 客服 好 好的 是 谢谢"
    ).split()
)
_WORD: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*")

_SUSPICIONS: Final = {
    TriggerKind.FAILURE: "the bot could not do it",
    TriggerKind.TOPIC: "this topic needs a person",
    TriggerKind.POLICY: "a rule sends this to a person",
    TriggerKind.VALUE: "much is at stake for this customer",
    TriggerKind.COMPLEXITY: "too complex for the bot",
    TriggerKind.EMOTION: "the customer is upset",
    TriggerKind.OPPORTUNITY: "a chance to sell",
    TriggerKind.ASKED: "",
    TriggerKind.OTHER: "",
}


def built_wants(context: Context) -> str:
    """Return the matter and the customer's last words on it; empty when neither is known."""
    matter = ", ".join(part for part in (_spoken(context.topic), _records(context.records)) if part)
    quote = _last_words(context)
    if quote:
        return f"{matter}: “{quote}”" if matter else f"“{quote}”"
    if matter:
        return f"help with {matter}"
    return "a person" if context.trigger.kind is TriggerKind.ASKED else ""


def built_tried(context: Context) -> str:
    """Return the last attempts with their outcomes; empty when the bot named none."""
    if not context.attempts:
        return ""
    told = ", ".join(_attempt(attempt) for attempt in context.attempts[-NAMED:])
    earlier = len(context.attempts) - NAMED
    return f"{told} and {earlier} more" if earlier > 0 else told


def built_suspects(context: Context) -> str:
    """Return why the bot handed over, as far as that hints at a cause; empty when it hints at none."""
    reason, code = _SUSPICIONS[context.trigger.kind], _spoken(context.trigger.code)
    told = f"{reason} ({code})" if reason and code else reason or code
    mood = _spoken(context.sentiment)
    return ", ".join(part for part in (told, f"mood: {mood}" if mood else "") if part)


def says_something(text: str) -> bool:
    """Return whether a turn holds more than a greeting, an assent or a call for a person."""
    return bool(_telling_words(text))


def _last_words(context: Context) -> str:
    """Return the customer's last telling turns, oldest first, as many as are needed to say something."""
    taken: list[str] = []
    told = 0
    for turn in reversed(context.transcript):
        telling = _telling_words(turn.text) if turn.speaker is Speaker.CUSTOMER else ""
        if telling:
            taken.insert(0, one_line(strip_bidi(turn.text)))
            told += words(telling)
        if told >= ENOUGH_WORDS or len(taken) == MOST_TURNS:
            break
    return cut(" / ".join(taken), QUOTE)


def _telling_words(text: str) -> str:
    found = (word.replace("’", "").replace("'", "") for word in _WORD.findall(text[: QUOTE * 4].casefold()))
    return " ".join(word for word in found if word not in _EMPTY_WORDS)


def _attempt(attempt: Attempt) -> str:
    what = _spoken(attempt.what).removesuffix(".")
    return f"{what} ({_spoken(attempt.outcome)})" if attempt.outcome else what


def _records(records: tuple[Record, ...]) -> str:
    named = [f"{_spoken(record.kind)} {record.id}" for record in records if record.id]
    return ", ".join(named[:NAMED])


def _spoken(code: str | None) -> str:
    """Return a code such as `billing_dispute` as words; a text of several words stays as it is."""
    text = one_line(code or "")
    return text if " " in text else text.replace("_", " ").strip()
