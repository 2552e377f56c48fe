"""What a change to a handoff needs to know of its account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.desk.model import Desk
from bridge.notices.model import Notices
from bridge.notices.reading import shipped_notices
from bridge.roster.alerts import AlertRules
from bridge.roster.covers import Cover
from bridge.roster.model import Person

BOT = "bot"  #: the connection name of whoever handed the conversation over
NOTIFY = "notify"  #: the connection name of people's own addresses beside the chat
WEBHOOK = "webhook"  #: the connection name of addresses that ladders call
FEED = "feed"  #: the connection name of calendars that say who is on duty


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One tenant as it stands now: its desk, and the connections that tickets and cards go through.

    `helpdesk` and `chat` name connections; None where the account has none. The desk's roster counts
    the `covers` already, which stand in the order in which they were made; `alerts` are by person.
    """

    account_id: str
    desk: Desk
    desk_version: int
    helpdesk: str | None
    chat: str | None
    notices: Notices = field(default_factory=shipped_notices)
    covers: tuple[Cover, ...] = ()
    alerts: Mapping[str, AlertRules] = field(default_factory=dict)

    def person(self, key: str | None) -> Person | None:
        """Return the person with this key; None for no key, or one the desk no longer knows."""
        return self.desk.people.get(key) if key else None

    def person_by_id(self, vendor: str, user_id: str) -> Person | None:
        """Return who `vendor` knows as `user_id`; None when the desk names nobody so."""
        people: Iterable[Person] = self.desk.people.values()
        return next((person for person in people if person.ids.get(vendor) == user_id), None)

    def person_by_email(self, email: str | None) -> Person | None:
        """Return who has this e-mail, in any case; None when the desk names nobody so."""
        wanted = (email or "").strip().lower()
        people: Iterable[Person] = self.desk.people.values()
        return next((person for person in people if wanted and (person.email or "").lower() == wanted), None)

    def is_known_by_email_alone(self, vendor: str) -> bool:
        """Return whether somebody of the desk has an e-mail and no id at `vendor`."""
        return any(person.email and vendor not in person.ids for person in self.desk.people.values())
