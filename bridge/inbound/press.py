"""A button pressed under a card, or a dialog sent off. Each is safe to press twice, and by the wrong person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from bridge.accounts import Accounts
from bridge.delivery import ledger
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.rows import UnknownHandoff
from bridge.inbound import dialogs, inbox
from bridge.inbound.acts import act
from bridge.roster.model import Person
from bridge.store import Database, Transaction
from connectors.base import Dialog, Press, PressAnswer
from connectors.registry import Connectors

PRESS: Final = TypeAdapter(Press)
DIALOG: Final = TypeAdapter(Dialog)
UNKNOWN: Final = "This handoff is not known here."


@dataclass(frozen=True, kw_only=True)
class Presses:
    """Takes presses for one account: each is kept, and has its effect, before the chat gets its answer."""

    database: Database
    accounts: Accounts
    account_id: str
    connectors: Connectors
    clock: Callable[[], datetime]

    def take(self, press: Press) -> PressAnswer:
        """Give a verified press its effect, once. Return what the presser is to see."""
        now = self.clock()

        def work(tx: Transaction) -> PressAnswer:
            account = self.accounts.of(tx.connection, self.account_id)
            connection = account.chat or ""
            if inbox.is_known(tx, account, connection, press.event_id):
                return PressAnswer()
            answer = _effect(tx, account, self.connectors.vendors[connection], press, now)
            if not (answer.problems or (press.from_dialog and answer.dialog)):
                # What was entered wrong, or is to be confirmed, is sent off once more from the same dialog.
                inbox.keep(tx, account, connection, press.event_id, now, handoff_id=press.handoff_id)
            return answer

        return self.database.transact(work)

    def refuse(self, press: Press, text: str) -> None:
        """Tell the presser, and nobody else, why nothing happened."""
        now = self.clock()

        def work(tx: Transaction) -> None:
            account = self.accounts.of(tx.connection, self.account_id)
            refuse(tx, account, press, text, now)

        self.database.transact(work)


def settle(change: Change, person: Person | None, press: Press) -> None:
    """Give a press its effect now that it is known who pressed; `person` is None for a stranger."""
    answer = _answer(change, person, press)
    if answer.text and press.card:
        _refuse(change, press.card.channel, press.user_id, answer.text)


def refuse(tx: Transaction, account: Account, press: Press, text: str, now: datetime) -> None:
    """Owe the presser a line that says why nothing happened, under the card where they pressed."""
    try:
        change = open_change(tx, account, press.handoff_id, now)
    except UnknownHandoff:
        return
    if press.card:
        _refuse(change, press.card.channel, press.user_id, text)
        change.write()


def _refuse(change: Change, channel: str, user_id: str, text: str) -> None:
    if change.account.chat:
        payload = {"channel": channel, "user_id": user_id, "text": text}
        change.owe("private_line", change.account.chat, payload=payload)


def _effect(tx: Transaction, account: Account, vendor: str, press: Press, now: datetime) -> PressAnswer:
    try:
        change = open_change(tx, account, press.handoff_id, now)
    except UnknownHandoff:
        return PressAnswer(text=UNKNOWN)
    person = account.person_by_id(vendor, press.user_id) or account.person(press.kept.get(dialogs.AUTHOR))
    if person is None and press.card and account.is_known_by_email_alone(vendor):
        # Who this is only the chat can say, and asking it is a call we owe.
        payload = {"press": PRESS.dump_python(press, mode="json")}
        change.owe("settle_press", press.card.connection, payload=payload)
        answer = PressAnswer()
    else:
        answer = _answer(change, person, press)
    change.write()
    return answer


def _answer(change: Change, person: Person | None, press: Press) -> PressAnswer:
    """Act, and see to it that what must be asked first is asked."""
    answer = act(change, person, press)
    if answer.dialog is None:
        return answer
    carried: Mapping[str, str] = {dialogs.AUTHOR: person.key} if person else {}
    dialog = _carrying(answer.dialog, press, carried)
    if press.from_dialog:
        return PressAnswer(dialog=dialog)
    _owe_dialog(change, press, dialog)
    return PressAnswer()


def _carrying(dialog: Dialog, press: Press, carried: Mapping[str, str]) -> Dialog:
    return replace(dialog, kept={**dialog.kept, **carried}, card=press.card)


def _owe_dialog(change: Change, press: Press, dialog: Dialog) -> None:
    """Opening a dialog is a call to the chat. It waits for nothing else of its handoff: there are seconds for it."""
    if change.account.chat and press.trigger:
        payload: dict[str, Any] = {
            "trigger": press.trigger,
            "dialog": DIALOG.dump_python(dialog, mode="json"),
            "press": PRESS.dump_python(press, mode="json"),
            "pressed_at": change.now.isoformat(),
        }
        ledger.owe(
            change.tx,
            change.account.account_id,
            "open_dialog",
            change.account.chat,
            change.now,
            payload=payload,
            lane=press.user_id,
            waiting_since=change.handoff.waiting_since,
        )
