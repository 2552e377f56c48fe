"""What we keep in mind of an account between calls: our own user, and its groups by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.errors import AccessDenied
from connectors.kept_table import KeptTable
from connectors.zendesk.access import VENDOR
from connectors.zendesk.client import ZendeskClient


class Directory:
    """Raises ConnectorError where it has to ask. Safe for threads."""

    def __init__(self, client: ZendeskClient, clock: Callable[[], datetime], own_id: int | None) -> None:
        self._client = client
        self._own_id = own_id
        self._groups = KeptTable(self._read_groups, clock)

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
        return self._groups.get(name.strip().casefold())

    def forget_groups(self) -> None:
        """Ask again next time: one of them was refused."""
        self._groups.forget()

    def _read_groups(self) -> dict[str, int]:
        groups = [row for row in self._client.groups() if not row.get("deleted")]
        return {str(row["name"]).strip().casefold(): int(row["id"]) for row in reversed(groups)}
