"""Lines to the lead that no handoff caused: what an admin must mend, heard of before anybody meets it."""

from __future__ import annotations

from datetime import datetime

from bridge.delivery import ledger
from bridge.handoffs.account import NOTIFY, Account
from bridge.store import Transaction


def tell_lead(tx: Transaction, account: Account, text: str, now: datetime, *, but: str | None = None) -> None:
    """Owe the lead a line in the fallback channel, tagging them; where there is none `but` that, to them alone."""
    fallback, chat = account.desk.fallback, account.chat
    if chat is None:
        return
    if fallback.card_channel and fallback.card_channel != but:
        channel = fallback.card_channel
        tag = [fallback.lead] if fallback.lead else []
        payload = {"text": text, "tag": tag, "channel": channel}
        ledger.owe(tx, account.account_id, "channel_note", chat, now, payload=payload, lane=channel)
    elif fallback.lead:
        payload = {"text": text, "to": fallback.lead}
        ledger.owe(tx, account.account_id, "direct_message", chat, now, payload=payload)


def tell_lead_beside_the_chat(tx: Transaction, account: Account, text: str, now: datetime) -> None:
    """Owe the lead a call at their own addresses, where they have any."""
    lead = account.person(account.desk.fallback.lead)
    if lead is not None and lead.notify:
        payload = {"to": lead.key, "text": text}
        ledger.owe(tx, account.account_id, "notify_person", NOTIFY, now, payload=payload, lane=lead.key)
