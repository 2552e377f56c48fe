"""What a duty has at hand while it makes its call: the handoff as it stands, and the way to the vendors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff
from bridge.roster.model import Person
from connectors.base import Helpdesk
from connectors.chat import Chat, Home

#: well within ten such calls a minute, the tightest limit of any helpdesk we know
POLL_EVERY: Final = timedelta(seconds=30)


class Answered(Protocol):
    """What came back from an address that an outsider named."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Sender(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Send to an address that an outsider named. Raises ConnectorError, Rejected for a forbidden one."""
        ...

    def get(self, url: str, most_bytes: int) -> Answered:
        """Fetch what is there, its first `most_bytes`. Raises as `post` does."""
        ...


class Notifier(Protocol):
    def tell(self, addresses: Sequence[str], title: str, text: str) -> None:
        """Call a person at their own addresses. Raises ConnectorError when none took it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Page:
    """A person's own page as it is to be drawn, and what tells this content from any other."""

    home: Home
    digest: str


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """`handoff` is None for a delivery that no handoff caused. `secrets` sign callbacks, the newest first.

    `poll_every` is how long a helpdesk is left alone before it is asked again what changed.
    """

    account: Account
    handoff: Handoff | None
    now: datetime
    sender: Sender
    helpdesks: Mapping[str, Helpdesk]
    chats: Mapping[str, Chat]
    secrets: tuple[str, ...] = ()
    poll_every: timedelta = POLL_EVERY
    notifier: Notifier | None = None  #: None where nobody can be called beside the chat
    page: Page | None = None  #: what `publish_home` is to draw; None where nobody has opened it
    bot_gone: bool = False  #: the bot's address said not long ago that it is gone

    def the_handoff(self) -> Handoff:
        if self.handoff is None:
            raise LookupError("this delivery belongs to no handoff")
        return self.handoff

    def people(self, keys: list[str]) -> tuple[Person, ...]:
        """Return those of `keys` whom the desk still knows."""
        found = (self.account.person(key) for key in keys)
        return tuple(person for person in found if person is not None)
