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
from bridge.inbound import desk_acts, dialogs, inbox
from bridge.inbound.acts import act
from bridge.inbound.covering import Scene
from bridge.inbound.private import owe_line
from bridge.people import homes
from bridge.roster.model import Person
from bridge.store import Database, Transaction
from connectors.chat import DESK_ACTIONS, Dialog, Press, PressAnswer
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
                inbox.keep(tx, account, connection, press.event_id, now, handoff_id=press.handoff_id or None)
            if press.card is None:
                homes.owe_page(tx, account, press.user_id, now)
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
    if answer.text:
        _refuse(change, press, answer.text)


def settle_at_desk(
    tx: Transaction, account: Account, person: Person | None, press: Press, now: datetime
) -> None:
    """As `settle`, for an action that is about no handoff."""
    answer = _answer_at_desk(tx, account, person, press, now)
    if answer.text:
        refuse(tx, account, press, answer.text, now)


def refuse(tx: Transaction, account: Account, press: Press, text: str, now: datetime) -> None:
    """Owe the presser a line that says why nothing happened: where they pressed, seen by them alone.

    A card of a handoff that we do not know is none of ours, and nothing is said under it.
    """
    try:
        change = open_change(tx, account, press.handoff_id, now)
    except UnknownHandoff:
        if press.card is None:
            owe_line(tx, account, press.user_id, text, now)
        return
    _refuse(change, press, text)
    change.write()


def _refuse(change: Change, press: Press, text: str) -> None:
    if change.account.chat:
        channel = press.card.channel if press.card else None
        payload = {"channel": channel, "user_id": press.user_id, "text": text}
        change.owe("private_line", change.account.chat, payload=payload)


def _effect(tx: Transaction, account: Account, vendor: str, press: Press, now: datetime) -> PressAnswer:
    if press.action in DESK_ACTIONS:
        return _effect_at_desk(tx, account, vendor, press, now)
    try:
        change = open_change(tx, account, press.handoff_id, now)
    except UnknownHandoff:
        return PressAnswer(text=UNKNOWN)
    person = _presser(account, vendor, press)
    if person is None and account.chat and account.is_known_by_email_alone(vendor):
        # Who this is only the chat can say, and asking it is a call we owe.
        payload = {"press": PRESS.dump_python(press, mode="json")}
        change.owe("settle_press", account.chat, payload=payload)
        answer = PressAnswer()
    else:
        answer = _answer(change, person, press)
    change.write()
    return answer


def _effect_at_desk(
    tx: Transaction, account: Account, vendor: str, press: Press, now: datetime
) -> PressAnswer:
    person = _presser(account, vendor, press)
    if person is None and account.chat and account.is_known_by_email_alone(vendor):
        payload = {"press": PRESS.dump_python(press, mode="json")}
        ledger.owe(tx, account.account_id, "settle_press", account.chat, now, payload=payload)
        return PressAnswer()
    return _answer_at_desk(tx, account, person, press, now)


def _presser(account: Account, vendor: str, press: Press) -> Person | None:
    return account.person_by_id(vendor, press.user_id) or account.person(press.kept.get(dialogs.AUTHOR))


def _answer_at_desk(
    tx: Transaction, account: Account, person: Person | None, press: Press, now: datetime
) -> PressAnswer:
    scene = Scene(tx=tx, account=account, by=person, now=now, event_id=press.event_id) if person else None
    answer = desk_acts.act(scene, press)
    if answer.dialog is None:
        return answer
    dialog = _carrying(answer.dialog, press, person)
    if not press.from_dialog:
        owe_dialog(tx, account, press, dialog, now, waiting_since=now)
        return PressAnswer()
    return PressAnswer(dialog=dialog)


def _answer(change: Change, person: Person | None, press: Press) -> PressAnswer:
    """Act, and see to it that what must be asked first is asked."""
    answer = act(change, person, press)
    if answer.dialog is None:
        return answer
    dialog = _carrying(answer.dialog, press, person)
    if press.from_dialog:
        return PressAnswer(dialog=dialog)
    since = change.handoff.waiting_since
    owe_dialog(change.tx, change.account, press, dialog, change.now, waiting_since=since)
    return PressAnswer()


def _carrying(dialog: Dialog, press: Press, person: Person | None) -> Dialog:
    carried: Mapping[str, str] = {dialogs.AUTHOR: person.key} if person else {}
    return replace(dialog, kept={**dialog.kept, **carried}, card=press.card)


def owe_dialog(
    tx: Transaction,
    account: Account,
    press: Press,
    dialog: Dialog,
    now: datetime,
    *,
    waiting_since: datetime,
) -> None:
    """Opening a dialog is a call to the chat. It waits for nothing else of its handoff: there are seconds for it."""
    if account.chat and press.trigger:
        payload: dict[str, Any] = {
            "trigger": press.trigger,
            "dialog": DIALOG.dump_python(dialog, mode="json"),
            "press": PRESS.dump_python(press, mode="json"),
            "pressed_at": now.isoformat(),
        }
        ledger.owe(
            tx,
            account.account_id,
            "open_dialog",
            account.chat,
            now,
            payload=payload,
            lane=press.user_id,
            waiting_since=waiting_since,
        )
