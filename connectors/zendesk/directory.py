"""What we keep in mind of an account between calls: our own user, and its groups by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.errors import AccessDenied
from connectors.zendesk.access import VENDOR
from connectors.zendesk.client import ZendeskClient

#: groups change seldom; a name we miss is looked for again after the shorter time
GROUPS_KEPT = timedelta(minutes=10)
GROUPS_KEPT_IN_DOUBT = timedelta(seconds=60)


class Directory:
    """Raises ConnectorError where it has to ask. Safe for threads."""

    def __init__(self, client: ZendeskClient, clock: Callable[[], datetime], own_id: int | None) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._own_id = own_id
        self._groups: dict[str, int] = {}
        self._groups_read_at: datetime | None = None

    @property
    def own_id_if_known(self) -> int | None:
        """Return our user's id without asking; None when no call has told it yet."""
        return self._own_id

    def own_id(self) -> int:
        """Return the user whose key we hold. A wrong key is told as an anonymous user, not as a 401."""
        if self._own_id is None:
            found = self._client.me().get("id")
            if not isinstance(found, int):
                raise AccessDenied(VENDOR, "the key belongs to nobody")
            self._own_id = found
        return self._own_id

    def group_id(self, name: str) -> int | None:
        """Return the group of that name, in any case; None when the account has none."""
        wanted = name.strip().casefold()
        with self._lock:
            kept = GROUPS_KEPT if wanted in self._groups else GROUPS_KEPT_IN_DOUBT
            if self._is_older_than(kept):
                self._read_groups()
            return self._groups.get(wanted)

    def forget_groups(self) -> None:
        """Ask again next time: one of them was refused."""
        with self._lock:
            self._groups_read_at = None

    def _is_older_than(self, age: timedelta) -> bool:
        return self._groups_read_at is None or self._clock() - self._groups_read_at > age

    def _read_groups(self) -> None:
        groups = [row for row in self._client.groups() if not row.get("deleted")]
        self._groups = {str(row["name"]).strip().casefold(): int(row["id"]) for row in reversed(groups)}
        self._groups_read_at = self._clock()
