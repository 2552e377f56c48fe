"""The webhooks of the Freshdesk stand-in: what an automation rule with a body of placeholders sends.

Every value is text, nothing is signed, no delivery has an id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.outbox import Delivery, Outbox

VENDOR = "freshdesk"
REPLIED = "ticket.replied"
GONE = "ticket.deleted"
TIMEOUT_SECONDS = 10.0
DELAYS = (1800.0, 1800.0)  #: seconds before each further attempt


class Hooks:
    """Sends to one address; nowhere while `url` is None."""

    def __init__(self, outbox: Outbox, url: str | None, secret: str) -> None:
        self._outbox = outbox
        self.url = url
        self.secret = secret

    def ticket_changed(self, ticket: Mapping[str, Any], label: str = REPLIED) -> None:
        if self.url is None:
            return
        told = {
            "id": str(ticket["id"]),
            "status": str(ticket["status"]),
            "requester_id": str(ticket["requester_id"]),
            "handoff_key": ticket["custom_fields"].get("cf_handoff_key") or "",
            "updated_at": ticket["updated_at"],
        }
        self._outbox.send(
            Delivery(
                url=self.url,
                headers={"Content-Type": "application/json", "X-Webhook-Secret": self.secret},
                body=json.dumps({"ticket": told}).encode(),
                vendor=VENDOR,
                label=label,
                delays=DELAYS,
                timeout_seconds=TIMEOUT_SECONDS,
            )
        )
