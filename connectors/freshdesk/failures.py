"""What Freshdesk found wrong with a request, by the names of the fields alone.

Freshdesk repeats the values it refuses inside its messages, and those may be a customer's words, so
only field names and codes are taken. Source: Freshdesk API page, "Errors".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import requests

from connectors.errors import ConnectorError, Rejected
from connectors.freshdesk.rates import used_up
from connectors.http_answers import faults_told, refusal

VENDOR: Final = "freshdesk"
INVALID: Final = frozenset({400, 409, 413, 422})
SAFE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]]{0,79}", re.ASCII)
SAFE_CODE: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
#: how a custom field may be called in an error: by its place too
PLACES: Final = ("custom_fields.", "ticket.", "ticket_fields.")


class Refused(Rejected):
    """Freshdesk read the request and found parts of it wrong; `faults` holds field names with their codes."""

    def __init__(self, status: int, faults: dict[str, str]) -> None:
        listed = ", ".join(f"{name} {code}" for name, code in sorted(faults.items()))
        super().__init__(VENDOR, f"refused ({status})" + (f": {listed}" if listed else ""))
        self.status = status
        self.faults = faults


def failure(response: requests.Response, method: str, path: str, now: datetime) -> ConnectorError:
    """Return what an answer outside 2xx means."""
    status = response.status_code
    if status in INVALID:
        return Refused(status, dict(_faults(response)))
    return refusal(VENDOR, response, method, now, limit=used_up(response.headers, method, path))


def _faults(response: requests.Response) -> Iterator[tuple[str, str]]:
    for fault in _listed(response):
        name, code = str(fault.get("field", "")), str(fault.get("code", ""))
        for place in PLACES:
            name = name.removeprefix(place)
        if SAFE_NAME.fullmatch(name):
            yield name, code if SAFE_CODE.fullmatch(code) else "refused"


def _listed(response: requests.Response) -> list[dict[str, Any]]:
    errors = faults_told(response).get("errors")
    return [fault for fault in errors if isinstance(fault, dict)] if isinstance(errors, list) else []
