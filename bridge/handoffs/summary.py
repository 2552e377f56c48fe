"""The summary: three short answers, and the two lines a person reads in twenty seconds.

What a bot or a customer wrote is data here. Nothing in it is followed, only cut, masked and shown.
"""

from __future__ import annotations

from typing import Final

import regex

from bridge.handoffs.built_summary import built_suspects, built_tried, built_wants
from bridge.handoffs.model import Context, Summary
from bridge.handoffs.reading import TWENTY_SECONDS, words
from bridge.handoffs.redaction import mask
from bridge.handoffs.text import ELLIPSIS, cap_marks, cut, one_line, strip_bidi

#: code points in one of the two lines
LINE: Final = 160
#: words in the first and in the second line
LINE_WORDS: Final = (TWENTY_SECONDS // 2, TWENTY_SECONDS - TWENTY_SECONDS // 2)
#: code points of each answer that are kept; longer ones are cut at a sentence
ANSWER: Final = 400

NOT_SAID: Final = "something not said yet"
NOTHING_TRIED: Final = "nothing yet"
NOTHING_SUSPECTED: Final = "nothing"

#: bots often begin an answer with the word that our line begins with
_WANTS: Final = regex.compile(r"(?i)^(?:(?:the )?(?:customer|user|caller|client) )?wants[: ]\s*")
_TRIED: Final = regex.compile(r"(?i)^(?:(?:the )?bot (?:has )?)?tried[: ]\s*")
_SUSPECTS: Final = regex.compile(r"(?i)^(?:(?:the )?bot )?suspects[: ]\s*(?:that )?")


def summarise(context: Context) -> Summary:
    """Return the bot's own summary, cut to size, or one built by rules and marked `built`.

    An answer that the bot left empty is filled from what else it sent. Nothing is masked here.
    """
    given = context.summary or Summary()
    own = any(part.strip() for part in (given.wants, given.tried, given.suspects))
    return Summary(
        wants=_answer(given.wants) or _answer(built_wants(context)),
        tried=_answer(given.tried) or _answer(built_tried(context)),
        suspects=_answer(given.suspects) or _answer(built_suspects(context)),
        built=given.built or not own,
    )


def two_lines(summary: Summary, *, masked: bool = True) -> tuple[str, str]:
    """Return "Wants …" and "Tried …; suspects …", masked and fit to show to a team; unmasked for a ticket.

    Each is one line of at most 160 code points, cut between graphemes; both together hold at most the
    75 words that are read in twenty seconds (`words` says how they count). An empty answer says so.
    """
    wants, tried, suspects = (
        _shown(part, masked) for part in (summary.wants, summary.tried, summary.suspects)
    )
    wants, tried, suspects = _WANTS.sub("", wants), _TRIED.sub("", tried), _SUSPECTS.sub("", suspects)
    first = _fit(f"Wants {wants or NOT_SAID}", LINE, LINE_WORDS[0])
    return first, _second_line(tried or NOTHING_TRIED, suspects or NOTHING_SUSPECTED)


def _answer(text: str) -> str:
    return cut(text.strip(), ANSWER)


def _shown(text: str, masked: bool) -> str:
    line = cap_marks(one_line(strip_bidi(text)))
    return _without_torn_number(mask(line)) if masked else line


def _without_torn_number(line: str) -> str:
    """Take off digits that an earlier cut left at the end: half a card number passes no checksum."""
    if not line.endswith(ELLIPSIS) or line.endswith(f" {ELLIPSIS}"):  # the latter was cut after a sentence
        return line
    end = len(line) - len(ELLIPSIS)
    while end and (line[end - 1].isdigit() or line[end - 1] in " -."):
        end -= 1
    return line[:end] + ELLIPSIS


def _second_line(tried: str, suspects: str) -> str:
    """Give each answer half the line, and what the other leaves free."""
    room = LINE - len("Tried ; suspects ")
    allowed = LINE_WORDS[1] - words("Tried ;") - words("suspects")
    short = _fit(suspects, room // 2, allowed // 2)
    tried = _fit(tried, room - len(short), allowed - words(short))
    suspects = _fit(suspects, room - len(tried), allowed - words(tried))
    return f"Tried {tried.removesuffix('.')}; suspects {suspects}"


def _fit(text: str, limit: int, most_words: int) -> str:
    """Return the text cut to `limit` code points and `most_words` words."""
    for room in range(limit, 0, -1):
        fitted = cut(text, room)
        if words(fitted) <= most_words:
            return fitted
    return ""
