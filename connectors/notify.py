"""Mail, text messages and pagers by apprise: the way to a person when the chat is away.

apprise is an extra (`pip install handoff-bridge[notify]`). Its addresses may lead anywhere, so only the
schemes that a desk may name are taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

from bridge.desk.words import NOTIFY_SCHEMES
from connectors.base import Finding
from connectors.errors import Busy, Rejected
from connectors.findings import error

VENDOR: Final = "notify"
#: an address may name a secret of the environment so, and no other variable
SECRET: Final = re.compile(r"\$\{(NOTIFY_[A-Z0-9_]+)\}")


def scheme_of(address: str) -> str | None:
    """Return the address's scheme in lower case when it may be used, else None."""
    scheme, separator, _ = address.strip().partition("://")
    return scheme.lower() if separator and scheme.lower() in NOTIFY_SCHEMES else None


class AppriseNotifier:
    """`tell` makes one attempt at each address. It reached somebody when one of them took the message."""

    def tell(self, addresses: Sequence[str], title: str, text: str) -> None:
        """Raises Busy when no address took it, Rejected for addresses that cannot be used."""
        kit = _kit()
        usable = [kit.add(self._whole(address)) for address in addresses]
        if not all(usable):
            raise Rejected(VENDOR, "an address under `notify` cannot be used: correct it in the desk file")
        taken = [server.notify(body=text, title=title) for server in kit]
        if not any(taken):
            raise Busy(VENDOR, "no address took the message")

    @staticmethod
    def _whole(address: str) -> str:
        if scheme_of(address) is None:
            raise Rejected(VENDOR, "an address under `notify` has a scheme that may not be used")
        return SECRET.sub(lambda found: os.environ.get(found[1], ""), address)


def lacking() -> Finding | None:
    """Return what must be installed before anybody can be notified; None when all is there."""
    if find_spec("apprise") is not None:
        return None
    return error(
        "notify", "nobody can be notified", "install the extra: pip install 'handoff-bridge[notify]'"
    )


def _kit() -> Any:
    missing = lacking()
    if missing is not None:
        raise Rejected(VENDOR, f"{missing.problem}: {missing.remedy}")
    import apprise  # noqa: PLC0415 - an extra, and slow to load

    return apprise.Apprise()
