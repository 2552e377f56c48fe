"""Numbers that name a person or an account: cards, Aadhaar, PAN, IBAN, telephone numbers.

Sources: ISO/IEC 7812 (cards: 13 to 19 digits, Luhn), UIDAI (Aadhaar: 12 digits, Verhoeff; virtual id: 16),
ISO 13616 (IBAN), E.164 (telephone numbers: at most 15 digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from phonenumbers import Leniency, PhoneNumberMatch, PhoneNumberMatcher, PhoneNumberType, number_type
from stdnum import iban, luhn
from stdnum.in_ import aadhaar, pan, vid

from bridge.handoffs.redaction.page import Care, Hidden, Page

NUMBER: Final = "[number]"
AADHAAR_DIGITS: Final = 12
LONGEST_CARD: Final = 19
CARD_DIGITS: Final = range(13, LONGEST_CARD + 1)
PHONE_DIGITS: Final = range(8, 16)
IBAN_SHORTEST: Final = 15
#: among other digits, a card or an Aadhaar number begins with a group of at least so many
FIRST_GROUP: Final = 4
#: a mobile number in no usual grouping still comes in groups like these; an order's number does not
MOBILE_GROUPS: Final = range(2, 6)
#: nobody writes so many digits and separators in a row to name one account
LONGEST_RUN: Final = 400

#: dates, 2026-11-02 and 02-11-2026, and UUIDs
_KEPT = re.compile(
    r"(?<![0-9A-Za-z-])(?=[0-9A-Fa-f]{1,8}[-./])(?:"
    r"(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?![\d-])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-./])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d(?![\d-])"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z-]))"
)
#: seven digits or more: fewer are no card, no Aadhaar and no telephone number
_RUN = re.compile(r"(?:\+ ?)?\(?\d(?:[ ().\-]{0,3}\d){6,}+")
_GROUP = re.compile(r"\d+")
#: as Americans write them, 425-882-8080, wherever the customer is
_AMERICAN = re.compile(r"(?<![\d.\-])(?:\+?1[ -])?\(?\d{3}(?:\) ?|[ .\-])\d{3}[ .\-]\d{4}(?![\d\-])")
#: a run longer than this is read for telephone numbers in pieces; longer strings of digits are secrets by now
_PIECE = re.compile(r".{1,60}(?!\d)")
_PAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{5}\d{4}[A-Za-z](?![A-Za-z0-9])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_WORD_END = re.compile(r"(?<=[A-Za-z0-9])(?![A-Za-z0-9])")
#: what stands before an order's or a parcel's number, or is joined to it
_ORDER = re.compile(
    r"(?:(?i:\b(?:order|tracking|track|awb|invoice|shipment|consignment|parcel|ticket|ref|reference|txn|utr|rrn"
    r"|pnr|transaction|sku|booking|docket|complaint)\b"
    r"[ _-]{0,2}(?:\b(?:id|no|number|num)\b)?[\s.:#=-]{0,4}(?:is\s{1,3})?)#?"
    r"|(?<![A-Za-z])(?!MOB|TEL|PH|CALL|CELL|NO)[A-Z]{1,6}-?|#)$"
)
_ORDER_REACH = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """Digits with nothing but separators between them."""

    text: str  #: the whole page
    groups: tuple[tuple[int, int], ...]  #: where digits stand without a break
    ordered: bool  #: words before it say that it numbers an order or a parcel

    def digits(self, first: int, last: int) -> str:
        return "".join(self.text[start:end] for start, end in self.groups[first : last + 1])

    def size(self, group: int) -> int:
        start, end = self.groups[group]
        return end - start

    def in_fours(self, first: int, last: int) -> bool:
        """Return whether the digits stand in fours, or without a break."""
        return first == last or all(self.size(group) == 4 for group in range(first, last + 1))

    def hidden(self, first: int, last: int, label: str) -> Hidden:
        return Hidden(start=self.groups[first][0], end=self.groups[last][1], label=label)


def hide_numbers(page: Page, region: str) -> None:
    """Blot out account and telephone numbers; `region` is where numbers without a country code belong.

    In a text with more numbers than can be looked at, every long number is hidden unlooked.
    """
    page.hide(_IBAN, lambda match: _iban(match, page.care))
    page.hide(_PAN, lambda match: _pan(match, page.care))
    page.hide(_KEPT, lambda match: [Hidden(start=match.start(), end=match.end(), label="")])
    if sum(1 for _ in _RUN.finditer(page.text)) > page.care.looks:
        page.hide(_RUN, _unlooked)
    page.hide(_RUN, lambda match: _accounts(match, page.care))
    page.hide(_AMERICAN, _american)
    page.hide(_RUN, lambda match: _phones(match, page.care, region))


def _unlooked(match: re.Match[str]) -> Iterator[Hidden]:
    yield Hidden(start=match.start(), end=match.end(), label=NUMBER)


def _pan(match: re.Match[str], care: Care) -> Iterator[Hidden]:
    if not care.look() or pan.is_valid(match[0]):
        yield Hidden(start=match.start(), end=match.end(), label="[PAN]")


def _iban(match: re.Match[str], care: Care) -> Iterator[Hidden]:
    """Hide the longest beginning of the match that is an IBAN; other words may follow it."""
    ends = [found.end() for found in _WORD_END.finditer(match[0]) if found.end() >= IBAN_SHORTEST]
    for end in reversed(ends):
        if not care.look() or iban.is_valid(match[0][:end], check_country=False):
            label = f"[IBAN …{re.sub('[ -]', '', match[0][:end])[-4:]}]"
            yield Hidden(start=match.start(), end=match.start() + end, label=label)
            return


def _run(match: re.Match[str]) -> _Run:
    groups = tuple(found.span() for found in _GROUP.finditer(match.string, *match.span()))
    return _Run(text=match.string, groups=groups, ordered=_is_ordered(match))


def _is_ordered(match: re.Match[str]) -> bool:
    return bool(_ORDER.search(match.string[max(0, match.start() - _ORDER_REACH) : match.start()]))


def _accounts(match: re.Match[str], care: Care) -> Iterator[Hidden]:
    """Hide cards, Aadhaar numbers and virtual ids, also where other digits stand beside them."""
    if len(match[0]) > LONGEST_RUN:
        yield from _unlooked(match)
        return
    run = _run(match)
    first, last = 0, len(run.groups) - 1
    label = _account(run, first, last, care) or _virtual_id(run, first, last)
    if label:
        yield run.hidden(first, last, label)
        return
    while first <= last:
        found = _account_from(run, first, care)
        if found:
            yield run.hidden(first, *found)
        first = found[0] + 1 if found else first + 1


def _account_from(run: _Run, first: int, care: Care) -> tuple[int, str] | None:
    """Return the last group and the label of the longest account number that begins with a group."""
    if run.size(first) < FIRST_GROUP:
        return None
    for last in reversed(_lasts(run, first)):
        label = _account(run, first, last, care)
        if label:
            return last, label
    return None


def _lasts(run: _Run, first: int) -> list[int]:
    """Return the groups at which a number beginning at `first` has as many digits as an account may have."""
    lasts, digits = [], 0
    for last in range(first, len(run.groups)):
        digits += run.size(last)
        if digits > LONGEST_CARD:
            break
        if digits >= AADHAAR_DIGITS:
            lasts.append(last)
    return lasts


def _account(run: _Run, first: int, last: int, care: Care) -> str | None:
    digits = run.digits(first, last)
    if not AADHAAR_DIGITS <= len(digits) <= LONGEST_CARD:
        return None
    if not care.look():
        return NUMBER
    if len(digits) in CARD_DIGITS and luhn.is_valid(digits):
        return f"[card …{digits[-4:]}]"
    is_aadhaar = not run.ordered and run.in_fours(first, last) and aadhaar.is_valid(digits)
    return f"[Aadhaar …{digits[-4:]}]" if is_aadhaar else None


def _virtual_id(run: _Run, first: int, last: int) -> str | None:
    """Return the label of an Aadhaar virtual id, which is looked for only where it stands alone."""
    digits = run.digits(first, last)
    alone = not run.ordered and run.in_fours(first, last) and vid.is_valid(digits)
    return f"[Aadhaar …{digits[-4:]}]" if alone else None


def _american(match: re.Match[str]) -> Iterator[Hidden]:
    if not _is_ordered(match):
        yield _phone(match[0], match.start())


def _phones(match: re.Match[str], care: Care, region: str) -> Iterator[Hidden]:
    if match[0].startswith("+") and sum(map(str.isdigit, match[0])) in PHONE_DIGITS:
        yield _phone(match[0], match.start())
    elif not _is_ordered(match):
        for piece in _PIECE.finditer(match[0]):
            yield from _phones_in(piece[0], match.start() + piece.start(), care, region)


def _phones_in(piece: str, at: int, care: Care, region: str) -> Iterator[Hidden]:
    if not care.look():
        yield Hidden(start=at, end=at + len(piece), label=NUMBER)
        return
    usual = [found for found in _matches(piece, region, Leniency.STRICT_GROUPING) if _is_phone(found)]
    loose = [found for found in _matches(piece, region, Leniency.VALID) if _is_split_mobile(found)]
    for found in usual or loose:
        yield _phone(found.raw_string, at + found.start)


def _matches(piece: str, region: str, leniency: int) -> Iterator[PhoneNumberMatch]:
    return iter(PhoneNumberMatcher(piece, region, leniency=leniency, max_tries=len(piece)))


def _is_phone(found: PhoneNumberMatch) -> bool:
    """Refuse a bare string of digits that could at most be a landline without its leading 0."""
    return not found.raw_string.isdigit() or found.raw_string.startswith("0") or _is_mobile(found)


def _is_split_mobile(found: PhoneNumberMatch) -> bool:
    groups = _GROUP.findall(found.raw_string)
    return _is_mobile(found) and all(len(group) in MOBILE_GROUPS for group in groups)


def _is_mobile(found: PhoneNumberMatch) -> bool:
    return number_type(found.number) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _phone(found: str, at: int) -> Hidden:
    last = "".join(_GROUP.findall(found))[-2:]
    return Hidden(start=at, end=at + len(found), label=f"[phone …{last}]")
