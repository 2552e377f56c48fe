"""How a vendor can fail us. Each class tells the ledger what to do next; every text is safe to log and to show."""

from __future__ import annotations

from datetime import timedelta

EVERYTHING = "*"


class ConnectorError(Exception):
    """A vendor did not do what was asked. The text holds no secret and no customer's words."""

    def __init__(self, vendor: str, detail: str) -> None:
        super().__init__(f"{vendor}: {detail}")
        self.vendor = vendor
        self.detail = detail


class Rejected(ConnectorError):
    """The request cannot succeed as it stands; the mapping or the data must change. Do not send it again."""


class AccessDenied(Rejected):
    """The key is wrong, revoked or lacks a right; an administrator must act."""


class Gone(Rejected):
    """What the call was about (ticket, channel, message) exists no more."""


class Busy(ConnectorError):
    """Nothing was done. The same request may be sent again, after `retry_after`.

    `retry_after` is None when the vendor named no delay. `limit` names the budget that is used up:
    `EVERYTHING` for the whole connection, else a name from the connector's `limits` or a lane.
    """

    def __init__(
        self, vendor: str, detail: str, *, retry_after: timedelta | None = None, limit: str | None = None
    ) -> None:
        super().__init__(vendor, detail)
        self.retry_after = retry_after
        self.limit = limit  #: None when no budget was the cause (no connection, 503)


class Unreachable(Busy):
    """Nothing was done, for the vendor is away or in trouble: others of its calls will fail too."""


class OutcomeUnknown(ConnectorError):
    """The answer was lost, so the work may have been done. Look for it before sending again."""


class NotFromVendor(Exception):
    """An incoming call is not signed by the vendor: answer 401 and say no more."""


class NotForUs(Exception):
    """A genuine event of a kind we do not use: answer 200 and forget it."""
