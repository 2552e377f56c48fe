"""How long a text takes to read, counted in words."""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

#: a usual pace of silent reading; twenty seconds of it are the words a person gets for two lines
WORDS_PER_MINUTE: Final = 225
TWENTY_SECONDS: Final = WORDS_PER_MINUTE * 20 // 60

#: a string without a space (an address, a compound, a run of dashes) is read in pieces of so many signs
LONGEST_WORD: Final = 12
#: scripts written without spaces, and pictographs: so many signs are read as one word
DENSE_PER_WORD: Final = 2

_DENSE_SCRIPT: Final = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{So}]")
_JOINED: Final = regex.compile(r"[\p{M}\p{Cf}]")


def words(text: str) -> int:
    """Return how many words a reader has to take in.

    A string between white space counts as one word for each `LONGEST_WORD` signs begun. Signs of scripts
    written without spaces (Chinese, Japanese, Thai and their like) and pictographs count one word for
    each `DENSE_PER_WORD` begun. Marks and joiners count nothing. At 225 words a minute, 75 words are
    read in twenty seconds.
    """
    return sum(_in_string(_JOINED.sub("", string)) for string in text.split())


def _in_string(string: str) -> int:
    if string.isascii():  # most are, and are read for every card: spare them the look at each sign
        return -(-len(string) // LONGEST_WORD)
    dense = sum(_is_dense(sign) for sign in string)
    return -(-dense // DENSE_PER_WORD) + -(-(len(string) - dense) // LONGEST_WORD)


def _is_dense(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF" or bool(_DENSE_SCRIPT.match(sign))
