"""The chat's own news: channels closed, people gone, our access lost. Known at once, not when the next post fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, tuple_

from bridge.accounts import Accounts
from bridge.delivery import alarms, detours, trouble
from bridge.handoffs import absence, defects
from bridge.handoffs.account import Account
from bridge.handoffs.change import open_changes, write_together
from bridge.handoffs.model import State
from bridge.inbound import inbox
from bridge.roster.model import Person
from bridge.store import Database, Transaction, tables
from connectors.chat import Chat, ChatEvent, ChatEventKind
from connectors.registry import Connectors

HANDOFFS: Final = tables.handoffs
TIMELINE: Final = tables.timeline
ACCESS_LOST: Final = "The bridge's app was taken out of the chat, or its token revoked: install it again"


@dataclass(frozen=True, kw_only=True)
class News:
    """Takes a chat's news for one account: each is kept, and has its effect, before the chat gets its answer."""

    database: Database
    accounts: Accounts
    account_id: str
    connectors: Connectors
    clock: Callable[[], datetime]

    def take(self, event: ChatEvent) -> None:
        """Give verified news their effect, once. What changes nothing for us is not kept."""
        now = self.clock()

        def work(tx: Transaction) -> None:
            account = self.accounts.of(tx.connection, self.account_id)
            connection = account.chat or ""
            if inbox.is_known(tx, account, connection, event.event_id):
                return
            scene = Scene(
                tx=tx, account=account, connection=connection, chat=self.connectors.chats[connection], now=now
            )
            if EFFECTS[event.kind](scene, event):
                inbox.keep(tx, account, connection, event.event_id, now)

        self.database.transact(work)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where news arrive: one account, one transaction, one moment."""

    tx: Transaction
    account: Account
    connection: str
    chat: Chat
    now: datetime

    def found(self, about: str, problem: str) -> bool:
        """Keep a defect; return whether it is news."""
        return defects.found(self.tx, self.account.account_id, about, problem, self.now)


def _closed(scene: Scene, event: ChatEvent) -> bool:
    return _lost(
        scene, event.channel, "It was archived or deleted: bring it back or name another in the desk file"
    )


def _removed(scene: Scene, event: ChatEvent) -> bool:
    return _lost(scene, event.channel, "The bot was removed from it: invite it again")


def _lost(scene: Scene, channel: str | None, problem: str) -> bool:
    """A channel of the desk cannot be posted in any more; one that we never post in is none of ours."""
    if channel not in scene.account.desk.card_channels:
        return False
    address = scene.chat.address_of(channel)
    if channel == scene.account.desk.fallback.card_channel:
        text = (
            f"Nothing can be posted in {channel}, where what fits nowhere else goes. {problem}. See {address}"
        )
    else:
        text = detours.words(channel, problem, address)
    if scene.found(detours.about(channel), text):
        alarms.tell_lead(scene.tx, scene.account, text, scene.now, but=channel)
    return True


def _usable(scene: Scene, event: ChatEvent) -> bool:
    if event.channel not in scene.account.desk.card_channels:
        return False
    defects.over(scene.tx, scene.account.account_id, detours.about(event.channel))
    return True


def _gone(scene: Scene, event: ChatEvent) -> bool:
    """Whoever owns what somebody waits for gives it to the backup at once; the lead hears who must be replaced."""
    person = _person(scene, event)
    if person is None:
        return False
    changes = open_changes(scene.tx, scene.account, _still_theirs(scene, person), scene.now)
    for change in changes.values():
        if change.handoff.state is State.OPEN and change.handoff.owner == person.key:
            absence.owner_unreachable(change)
    if scene.found(absence.about(person), absence.words(person)):
        alarms.tell_lead(scene.tx, scene.account, absence.words(person), scene.now)
    write_together(scene.tx, changes.values())
    return True


def _no_access(scene: Scene, _event: ChatEvent) -> bool:
    """Shown at once; the lead can hear of it only beside the chat."""
    if trouble.show(scene.tx, scene.account.account_id, scene.connection, ACCESS_LOST, scene.now):
        text = trouble.waits(ACCESS_LOST)
        alarms.tell_lead_beside_the_chat(scene.tx, scene.account, text, scene.now)
    return True


#: what each kind of news changes; False where it is none of ours
EFFECTS: Final[Mapping[ChatEventKind, Callable[[Scene, ChatEvent], bool]]] = {
    ChatEventKind.CHANNEL_CLOSED: _closed,
    ChatEventKind.BOT_REMOVED: _removed,
    ChatEventKind.CHANNEL_USABLE: _usable,
    ChatEventKind.PERSON_GONE: _gone,
    ChatEventKind.ACCESS_LOST: _no_access,
}


def _person(scene: Scene, event: ChatEvent) -> Person | None:
    """Return who of the desk it is; by e-mail only one whose id in the chat the desk does not name."""
    named = scene.account.person_by_id(scene.chat.vendor, event.user_id or "")
    if named is not None:
        return named
    person = scene.account.person_by_email(event.email)
    return person if person and scene.chat.vendor not in person.ids else None


def _still_theirs(scene: Scene, person: Person) -> set[str]:
    """Return the open handoffs of `person`, but those of which it was said already that they cannot be reached."""
    theirs = (
        HANDOFFS.c.account_id == scene.account.account_id,
        HANDOFFS.c.state == State.OPEN.value,
        HANDOFFS.c.owner == person.key,
    )
    said = (
        select(TIMELINE.c.handoff_id, TIMELINE.c.data)
        .join(HANDOFFS, tuple_(*HANDOFFS.primary_key) == tuple_(TIMELINE.c.account_id, TIMELINE.c.handoff_id))
        .where(*theirs, TIMELINE.c.event == absence.UNREACHABLE)
    )
    known = {row.handoff_id for row in scene.tx.execute(said) if row.data.get("owner") == person.key}
    return set(scene.tx.execute(select(HANDOFFS.c.handoff_id).where(*theirs)).scalars()) - known
