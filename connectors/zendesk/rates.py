"""Zendesk's limits, and what its answers say of them.

Source: Zendesk "Rate limits"; the headers' names are those seen in answers of 2023 and 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from connectors.base import Limit, RateReading
from connectors.errors import EVERYTHING

OPEN_TICKET = "open_ticket"
UPDATE_TICKET = "update_ticket"
CHANGES = "read_changes"
#: what the core calls the limit of one lane: of one channel in a chat, of one ticket here
ONE_TICKET = "post"

#: calls in a minute for the whole account, of the smallest Suite plan; answers tell the real one
ACCOUNT_CALLS = 200
#: ticket updates in a minute for the whole account; 20 on a sandbox or trial, 300 with the High Volume add-on
UPDATE_CALLS = 100
#: updates in ten minutes by one user on one ticket
UPDATES_OF_ONE_TICKET = 30
#: incremental exports in a minute for the whole account
EXPORT_CALLS = 10
MINUTE = timedelta(minutes=1)

LIMITS: Mapping[str, Limit] = {
    EVERYTHING: Limit(calls=ACCOUNT_CALLS, per=MINUTE),
    UPDATE_TICKET: Limit(calls=UPDATE_CALLS, per=MINUTE),
    CHANGES: Limit(calls=EXPORT_CALLS, per=MINUTE),
    ONE_TICKET: Limit(calls=UPDATES_OF_ONE_TICKET, per=10 * MINUTE),
}

#: (limit, remaining, reset) of the whole account, in the spellings seen
ACCOUNT_HEADERS = (
    ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
    ("x-rate-limit", "x-rate-limit-remaining", "x-rate-limit-reset"),
)
#: what names a delay: the answer to a 429 or 503, else the moment the budget is full again, in seconds
DELAY_HEADERS = ("retry-after", *(reset for _, _, reset in ACCOUNT_HEADERS))
ENDPOINT_HEADER = re.compile(r"zendesk-rate-?limit-(?P<name>[a-z0-9-]+)")
OUR_NAMES = {
    "tickets-update": UPDATE_TICKET,
    "incremental-exports": CHANGES,
    "incremental-exports-cursor": CHANGES,
}
DIGITS = re.compile(r"\d{1,18}")


def readings(headers: Mapping[str, str]) -> tuple[RateReading, ...]:
    """Return a reading for each limit that the headers tell of. Headers nobody can read are passed over."""
    return (*_of_account(headers), *_of_endpoints(headers))


def _of_account(headers: Mapping[str, str]) -> Iterator[RateReading]:
    for total, remaining, reset in ACCOUNT_HEADERS:
        reading = _reading(EVERYTHING, headers.get(total), headers.get(remaining), headers.get(reset))
        if reading is not None:
            yield reading
            return


def _of_endpoints(headers: Mapping[str, str]) -> Iterator[RateReading]:
    for header, value in headers.items():
        match = ENDPOINT_HEADER.fullmatch(header.lower())
        if match is None:
            continue
        said = dict(re.findall(r"(\w+)\s*=\s*(\d+)", value))
        name = OUR_NAMES.get(match["name"], match["name"])
        reading = _reading(name, said.get("total"), said.get("remaining"), said.get("resets"))
        if reading is not None:
            yield reading


def _reading(name: str, total: str | None, remaining: str | None, reset: str | None) -> RateReading | None:
    if not _is_number(total) or not _is_number(remaining):
        return None
    resets_in = timedelta(seconds=min(int(reset or 0), 86_400)) if _is_number(reset) else None
    return RateReading(limit=name, total=int(total or 0), remaining=int(remaining or 0), resets_in=resets_in)


def _is_number(text: str | None) -> bool:
    return text is not None and DIGITS.fullmatch(text) is not None
