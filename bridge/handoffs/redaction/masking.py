"""Masking: what must not be read in a chat, a log or a mail is replaced by a short label.

Masked are card numbers, Aadhaar and PAN, IBAN, e-mail addresses, telephone numbers, and passwords, keys,
tokens and one-time codes. Order and parcel numbers, dates, times and amounts stay, unless they pass a
card's checksum. When in doubt a text is masked too much: the whole of it is in the ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bridge.handoffs.redaction.numbers import hide_numbers
from bridge.handoffs.redaction.page import Care, Hidden, Page
from bridge.handoffs.redaction.plain import plain
from bridge.handoffs.redaction.secrets import SECRET, hide_secrets

#: where a telephone number without its country code belongs, when nobody says otherwise
REGION: Final = "IN"
#: deeper parts of a document are left out
DEEPEST: Final = 100
TOO_DEEP: Final = "[too deep]"

_LOCAL = r"[^\s<>()\[\]{},;:\"'@|\\/=\0]"
_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}++@[\w-]++(?:\.[\w-]++)++")
_SECRET_NAME = re.compile(
    r"(?i)(?:.*[^a-z])?(?:password|passwd|pwd|passphrase|passcode|secret|token|otp|m?pin|cvv2?|cvc|authorization"
    r"|cookie|(?:api|access|private|secret)[ _-]?key)|.*(?:Password|Token|Secret|ApiKey)"
)
_NAME_READ = 200


def mask(text: str, *, region: str = REGION) -> str:
    """Return the text with what must not be read replaced by labels such as `[card …1111]` or `[e-mail]`.

    `region` (ISO 3166, two letters) is where telephone numbers without a country code belong. Digits of
    any script count, and invisible signs between them hide nothing. Takes time in proportion to the length.
    """
    return _mask(text, Care(), region)


def mask_document(value: Any, *, region: str = REGION) -> Any:
    """Return JSON with every text masked, names of members too, and members named like a secret hidden whole.

    A number whose digits would be masked becomes its label. Order, lists and other values stay.
    """
    return _mask_value(value, Care(), region, 0)


def _mask(text: str, care: Care, region: str) -> str:
    page = Page(plain(text), care)
    hide_secrets(page)
    page.hide(_EMAIL, _email)
    hide_numbers(page, region)
    return page.masked(text)


def _email(match: re.Match[str]) -> Iterator[Hidden]:
    yield Hidden(start=match.start(), end=match.end(), label="[e-mail]")


def _mask_value(value: Any, care: Care, region: str, depth: int) -> Any:
    if depth > DEEPEST:
        return TOO_DEEP
    if isinstance(value, str):
        return _mask(value, care, region)
    if isinstance(value, Mapping):
        return {
            _mask(str(name), care, region): _mask_member(str(name), inner, care, region, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_mask_value(inner, care, region, depth + 1) for inner in value]
    return _mask_number(value, care, region)


def _mask_member(name: str, value: Any, care: Care, region: str, depth: int) -> Any:
    if value not in (None, "", True, False) and _SECRET_NAME.fullmatch(name[:_NAME_READ]):
        return SECRET
    return _mask_value(value, care, region, depth)


def _mask_number(value: Any, care: Care, region: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    masked = _mask(str(value), care, region)
    return value if masked == str(value) else masked
