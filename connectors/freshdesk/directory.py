"""What we keep in mind of an account between calls: our own agent, its agents, its groups by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from connectors.errors import AccessDenied
from connectors.freshdesk.api import FreshdeskApi
from connectors.freshdesk.failures import VENDOR
from connectors.kept_table import KeptTable

Json = dict[str, Any]


class Directory:
    """Raises ConnectorError where it has to ask. Safe for threads."""

    def __init__(self, api: FreshdeskApi, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._own_id: int | None = None
        self._agents = KeptTable(self._read_agents, clock)
        self._groups = KeptTable(self._read_groups, clock)

    def own_id(self) -> int:
        """Return the agent whose key we hold."""
        if self._own_id is None:
            found = self._api.me().get("id")
            if not isinstance(found, int):
                raise AccessDenied(VENDOR, "the key belongs to nobody")
            self._own_id = found
        return self._own_id

    def agent_name(self, user_id: int) -> str | None:
        """Return what an agent is called; None when no agent has this id."""
        return self._agents.get(user_id)

    def group_id(self, name: str) -> int | None:
        """Return the group of that name, in any case; None when the account has none."""
        return self._groups.get(name.strip().casefold())

    def forget_groups(self) -> None:
        """Ask again next time: one of them was refused."""
        self._groups.forget()

    def _read_agents(self) -> dict[int, str]:
        try:
            rows = self._api.agents()
        except AccessDenied:
            return {agent_id: name for name, agent_id in self._choices("agent")}
        return {row["id"]: name_of(row) for row in rows if isinstance(row.get("id"), int)}

    def _read_groups(self) -> dict[str, int]:
        try:
            rows = self._api.groups()
        except AccessDenied:
            named = self._choices("group")
        else:
            named = [(str(row.get("name", "")), row["id"]) for row in rows if isinstance(row.get("id"), int)]
        return {name.strip().casefold(): group_id for name, group_id in reversed(named)}

    def _choices(self, name: str) -> list[tuple[str, int]]:
        """Return what the tickets' form offers, for an agent who may not list agents or groups."""
        field = next((row for row in self._api.ticket_fields() if row.get("name") == name), {})
        choices = field.get("choices")
        pairs = choices.items() if isinstance(choices, dict) else ()
        return [(str(label), row_id) for label, row_id in pairs if isinstance(row_id, int)]


def name_of(agent: Json) -> str:
    """Return an agent's name, kept in the contact inside; the id where there is none."""
    contact = agent.get("contact")
    name = contact.get("name") if isinstance(contact, dict) else None
    return str(name or agent.get("id"))
