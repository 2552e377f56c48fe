"""Passwords, keys, tokens and one-time codes in a text, found by their shape or by the words before them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from bridge.handoffs.redaction.page import Hidden, Page
from bridge.handoffs.redaction.plain import plain

SECRET: Final = "[secret]"  # noqa: S105 (the label shown)
CODE: Final = "[code]"
#: a string of letters and digits this long may be a key
LONG: Final = 32
#: share of neighbours of different kinds (upper, lower, digit) above which letters look drawn at random
MIXED_SHARE: Final = 0.35


def _words(*words: str) -> str:
    """Return a pattern for any of the words, as a plain text shows them, where a word begins.

    It looks at one letter before it tries the words, so that a long text is passed over quickly.
    """
    shown = [plain(word).text for word in words]
    first = "".join(sorted({letter for word in shown for letter in (word[0].lower(), word[0].upper())}))
    anyone = "|".join(re.escape(word).replace(r"\ ", "[ _-]?") for word in shown)
    return rf"(?=[{first}])(?<![^\W\d_])(?:{anyone})"


_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END[A-Z ]{0,60}-----|\Z)", re.DOTALL
)
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:hb_live_|hb_test_|whsec_|xox[a-z]-|xapp-|[srp]k_(?:live|test)_|sk-|gh[a-z]_|github_pat_"
    r"|glpat-|shp[a-z]{2}_|ya29\.|AIza|SG\.)[A-Za-z0-9_+/=-]{6,}+(?:\.[A-Za-z0-9_+/=-]++)*+"
    r"|(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{12,}+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{4,}+\.[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+)?"
)
_BEARER = re.compile(r"(?i)(?<![a-z])(?:bearer|basic)[ :]{1,3}([a-z0-9._~+/=-]{8,}+)")
_PASSWORD_NAMES = (
    "password", "passwd", "passwort", "passphrase", "passcode", "pwd", "पासवर्ड", "contraseña", "mot de passe",
)  # fmt: skip
_KEY_NAMES = (
    "secret", "client secret", "api key", "access key", "secret key", "private key", "api token",
    "access token", "auth token", "token",
)  # fmt: skip
_NO_VALUE = (
    "(?!(?:not|wrong|incorrect|invalid|expired|correct|being|too|never|still|also|always|right|working"
    "|required|needed|the|a|an|my|same|forgotten|lost|locked|blocked|reset|saved|fine|ok|okay|gone|different)"
    "(?![^\\s.,;!?]))"
)
_MASKED_ALREADY = r"(?!\[(?:secret|code|e-mail|PAN|card|phone|Aadhaar|IBAN|number)\b)"
_VALUE = r"(\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s\0]{1,500})"
_LABELLED = re.compile(
    rf"(?i){_words(*_PASSWORD_NAMES, *_KEY_NAMES)}[\"']?\s{{0,3}}(?:[:=]|->)\s{{0,3}}"
    rf"{_MASKED_ALREADY}{_VALUE}"
)
_TOLD = re.compile(
    rf"(?i){_words(*_PASSWORD_NAMES)}\s{{1,3}}(?:is|was|to|है)\s{{1,3}}{_NO_VALUE}{_MASKED_ALREADY}{_VALUE}"
)
_CODE_NAME = _words(
    "one time password", "one time passcode", "one time code", "one time pin", "otp", "m pin", "upi pin",
    "atm pin", "pin", "cvv2", "cvv", "cvc", "passcode", "verification code", "security code", "login code",
    "access code", "2fa code", "ओटीपी", "पिन", "सीवीवी",
)  # fmt: skip
_GAP = r"[\s:=\-#\"'.]{0,4}"
_CODE = re.compile(
    rf"(?i){_CODE_NAME}(?![^\W\d_]){_GAP}"
    rf"(?:(?:code|number|no|is|was|here|i got|received|sent|है){_GAP}){{0,3}}"
    rf"(\d(?:[ -]?\d){{2,9}})(?![\d])"
)
_CODE_FIRST = re.compile(
    rf"(?i)(?<!\d)(\d{{3,8}})\s{{1,3}}is\s{{1,3}}(?:my|your|the)\s{{1,3}}(?:[^\W\d_]{{1,20}}\s{{1,3}}){{0,3}}?"
    rf"{_CODE_NAME}(?![^\W\d_])"
)
_POSTAL = re.compile(r"(?i)(?<![^\W\d_])pin[ -]?code\W{0,5}(?:is\W{1,3})?\d{3} ?\d{3}(?!\d)")
_LONG_STRING = re.compile(
    rf"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9_-]{{{LONG},}}+|[A-Za-z0-9+/]{{{LONG},}}+)={{0,2}}(?![A-Za-z0-9+/_])"
)
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")


def hide_secrets(page: Page) -> None:
    """Blot out keys, tokens, passwords and codes. A postal "PIN code" of six digits stays."""
    page.hide(_PRIVATE_KEY, _whole)
    page.hide(_PREFIXED, _whole)
    page.hide(_BEARER, _bearer)
    page.hide(_LABELLED, _value)
    page.hide(_TOLD, _value)
    page.hide(_POSTAL, lambda match: [Hidden(start=match.start(), end=match.end(), label="")])
    page.hide(_CODE, _code)
    page.hide(_CODE_FIRST, _code)
    page.hide(_LONG_STRING, _random)


def _whole(match: re.Match[str]) -> Iterator[Hidden]:
    yield Hidden(start=match.start(), end=match.end(), label=SECRET)


def _value(match: re.Match[str]) -> Iterator[Hidden]:
    yield Hidden(start=match.start(1), end=match.end(1), label=SECRET)


def _code(match: re.Match[str]) -> Iterator[Hidden]:
    yield Hidden(start=match.start(1), end=match.end(1), label=CODE)


def _bearer(match: re.Match[str]) -> Iterator[Hidden]:
    if any(character.isdigit() for character in match[1]):
        yield from _value(match)


def _random(match: re.Match[str]) -> Iterator[Hidden]:
    found = match[0].rstrip("=")
    if _HEX.fullmatch(found) or _looks_random(found):
        yield from _whole(match)


def _looks_random(found: str) -> bool:
    """Return whether letters and digits change kind as often as in a drawn key, unlike words in a URL."""
    kinds = [_kind(character) for character in found[:500] if character.isalnum()]
    changes = sum(first != second for first, second in itertools.pairwise(kinds))
    return len(set(kinds)) == 3 and changes >= MIXED_SHARE * len(kinds)


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "upper" if character.isupper() else "lower"
