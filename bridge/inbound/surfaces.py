"""What comes from the chat beside presses: commands, pages opened, messages picked, links shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter

from bridge.accounts import Accounts
from bridge.delivery import ledger
from bridge.handoffs import rows
from bridge.handoffs.account import Account
from bridge.handoffs.rows import UnknownHandoff
from bridge.inbound import commands, desk_acts, dialogs
from bridge.inbound.acts import STRANGER
from bridge.inbound.covering import Scene
from bridge.inbound.press import owe_dialog
from bridge.inbound.private import owe_line, owe_telling
from bridge.people import homes
from bridge.roster.model import Person
from bridge.store import Database, Transaction
from connectors.chat import Action, Command, HomeOpened, PickedMessage, Press, SharedLinks
from connectors.registry import Connectors

COMMAND: Final = TypeAdapter(Command)
PICKED: Final = TypeAdapter(PickedMessage)
WHO_ARE_YOU: Final = "One moment: I am looking up who you are, and answer by direct message."
#: links of one message that are shown
MOST_LINKS: Final = 5


@dataclass(frozen=True, kw_only=True)
class ChatSurfaces:
    """Takes all of it for one account, before the chat gets its answer. No vendor is called.

    `public_url` is the bridge's own address, None where it has none: then no link is ours.
    """

    database: Database
    accounts: Accounts
    account_id: str
    connectors: Connectors
    clock: Callable[[], datetime]
    public_url: str | None = None

    def command(self, command: Command) -> str:
        """Return the answer, or that it comes later: who is known by e-mail alone must be looked up first."""
        now = self.clock()

        def work(tx: Transaction) -> str:
            account, vendor = self._account(tx)
            person = account.person_by_id(vendor, command.user_id)
            if person is None and account.chat and account.is_known_by_email_alone(vendor):
                payload = {"command": COMMAND.dump_python(command, mode="json")}
                ledger.owe(tx, account.account_id, "answer_command", account.chat, now, payload=payload)
                return WHO_ARE_YOU
            return answer_to(tx, account, vendor, person, command, now)

        return self.database.transact(work)

    def opened(self, opened: HomeOpened) -> None:
        now = self.clock()

        def work(tx: Transaction) -> None:
            account, vendor = self._account(tx)
            person = account.person_by_id(vendor, opened.user_id)
            homes.open_page(tx, account, opened.user_id, person.key if person else None, now)

        self.database.transact(work)

    def picked(self, picked: PickedMessage) -> None:
        now = self.clock()

        def work(tx: Transaction) -> None:
            account, vendor = self._account(tx)
            person = account.person_by_id(vendor, picked.user_id)
            if person is None and account.chat and account.is_known_by_email_alone(vendor):
                payload = {"picked": PICKED.dump_python(picked, mode="json")}
                ledger.owe(
                    tx,
                    account.account_id,
                    "settle_picked",
                    account.chat,
                    now,
                    payload=payload,
                    waiting_since=now,
                )
            else:
                pick(tx, account, person, picked, now)

        self.database.transact(work)

    def shared(self, shared: SharedLinks) -> None:
        """Owe each of our links its look at the handoff. Whoever is no person of the desk sees nothing."""
        ids = {url: handoff_id for url in shared.urls if (handoff_id := self._handoff_at(url))}
        if not ids:
            return
        now = self.clock()

        def work(tx: Transaction) -> None:
            account, vendor = self._account(tx)
            known = account.person_by_id(vendor, shared.user_id) is not None
            if account.chat and (known or account.is_known_by_email_alone(vendor)):
                for url, handoff_id in list(ids.items())[:MOST_LINKS]:
                    _owe_unfurl(tx, account, shared, url, handoff_id, now, known=known)

        self.database.transact(work)

    def _account(self, tx: Transaction) -> tuple[Account, str]:
        account = self.accounts.of(tx.connection, self.account_id)
        return account, self.connectors.vendors.get(account.chat or "", "")

    def _handoff_at(self, url: str) -> str | None:
        """Return the id of the handoff whose page this address is; None for any other address."""
        if self.public_url is None:
            return None
        ours, asked = urlsplit(self.public_url), urlsplit(url)
        start = ours.path.rstrip("/") + "/handoffs/"
        if (asked.scheme, asked.netloc) != (ours.scheme, ours.netloc) or not asked.path.startswith(start):
            return None
        return unquote(asked.path.removeprefix(start)).strip("/") or None


def answer_to(
    tx: Transaction, account: Account, vendor: str, person: Person | None, command: Command, now: datetime
) -> str:
    """Do what a command says and return what to show; `person` is None for a stranger."""
    if person is None:
        return STRANGER
    scene = Scene(tx=tx, account=account, by=person, now=now, event_id=command.event_id)
    answer = commands.answer(scene, vendor, command.text)
    homes.owe_page(tx, account, command.user_id, now)
    return answer


def pick(
    tx: Transaction, account: Account, person: Person | None, picked: PickedMessage, now: datetime
) -> None:
    """Owe the dialog that makes a handoff of a message; a stranger is told why there is none."""
    if person is None:
        owe_line(tx, account, picked.user_id, STRANGER, now)
        return
    scene = Scene(tx=tx, account=account, by=person, now=now, event_id=picked.event_id)
    asked = desk_acts.hand_off_dialog(scene, picked)
    dialog = replace(asked, kept={**asked.kept, dialogs.AUTHOR: person.key})
    press = Press(
        event_id=picked.event_id,
        action=Action.HAND_OFF,
        handoff_id="",
        user_id=picked.user_id,
        user_name=picked.user_name,
        trigger=picked.trigger,
    )
    owe_dialog(tx, account, press, dialog, now, waiting_since=now)


def _owe_unfurl(
    tx: Transaction,
    account: Account,
    shared: SharedLinks,
    url: str,
    handoff_id: str,
    now: datetime,
    *,
    known: bool,
) -> None:
    try:
        rows.find(tx.connection, account.account_id, handoff_id)
    except UnknownHandoff:
        return
    payload = {"place": dict(shared.place), "url": url, "known": known}
    owe_telling(tx, account, "unfurl", handoff_id, now, user_id=shared.user_id, payload=payload)
