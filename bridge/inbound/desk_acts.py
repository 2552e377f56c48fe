"""What each action does that is about the desk and no handoff there is: covers, alert rules, handing off a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from bridge.handoffs.accept import Handover, accept
from bridge.handoffs.change import open_change
from bridge.handoffs.model import Context, Customer, Summary, Trigger, TriggerKind
from bridge.handoffs.text import storable
from bridge.inbound import covering
from bridge.inbound.acts import DONE, STRANGER
from bridge.inbound.covering import Scene, in_words
from bridge.inbound.private import owe_telling
from bridge.people import alerts
from bridge.roster.alerts import AlertRules, QuietHours
from bridge.roster.moments import WAYS, minute_of
from bridge.roster.on_duty import on_duty
from connectors.chat import Action, Choice, Dialog, DialogField, FieldKind, PickedMessage, Press, PressAnswer

#: names of fields, and of what a dialog carries along
UNTIL: Final = "until"
CHANNEL: Final = "channel"
HOLDER: Final = "holder"
MINE: Final = "mine"
REMINDERS: Final = "reminders"
QUIET_FROM: Final = "quiet_from"
QUIET_TO: Final = "quiet_to"
ZONE: Final = "zone"
NAME: Final = "name"
EMAIL: Final = "email"
WANTS: Final = "wants"
CONVERSATION: Final = "conversation"
CODE: Final = "code"

YES, NO = "yes", "no"
LONGEST_MESSAGE: Final = 2_000
MOST_CHOICES: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskDoing:
    scene: Scene
    press: Press

    def entered(self, name: str) -> str:
        """Return what a field holds, trimmed; empty where nothing was entered."""
        return (self.press.entered or {}).get(name, "").strip()


def act(scene: Scene | None, press: Press) -> PressAnswer:
    """Do what was pressed, or answer with what must be asked first. `scene` is None for a stranger."""
    if scene is None:
        return PressAnswer(text=STRANGER)
    return DESK_ACTS[press.action](DeskDoing(scene=scene, press=press))


def _take_over(doing: DeskDoing) -> PressAnswer:
    scene, press = doing.scene, doing.press
    channel = press.kept.get(CHANNEL, press.subject)
    if not press.from_dialog:
        return _ask_until(scene, channel)
    person = scene.account.person(press.kept.get(HOLDER))
    if person is None:
        return PressAnswer(text="The desk does not know this person any more.")
    ends_at = covering.end_of(scene, doing.entered(UNTIL))
    if isinstance(ends_at, str):
        return PressAnswer(problems={UNTIL: ends_at})
    return PressAnswer(text=covering.cover_for(scene, person, [channel], ends_at))


def _ask_until(scene: Scene, channel: str) -> PressAnswer:
    duty = on_duty(scene.account.desk.roster, channel, scene.now)
    holder = scene.account.person(duty.owner if duty else None)
    if duty is None or holder is None:
        return PressAnswer(text=f"Nobody holds {channel} now, so there is nothing to take over.")
    if holder.key == scene.by.key:
        return PressAnswer(text=f"You hold {channel} already.")
    ends = duty.ends_at.astimezone(ZoneInfo(scene.zone))
    return PressAnswer(
        dialog=Dialog(
            action=Action.TAKE_OVER,
            handoff_id="",
            title="Take over",
            submit="Take over",
            lines=(f"{holder.name} holds {channel} until {in_words(duty.ends_at, scene.zone)}.",),
            fields=(
                DialogField(
                    name=UNTIL,
                    label="Until when",
                    kind=FieldKind.LINE,
                    hint=f"{WAYS}, on the clocks of {scene.zone}.",
                    initial=f"{ends:%Y-%m-%dT%H:%M}",
                ),
            ),
            kept={CHANNEL: channel, HOLDER: holder.key},
        )
    )


def _give_back(doing: DeskDoing) -> PressAnswer:
    return PressAnswer(text=covering.give_back(doing.scene, doing.press.subject))


def _alerts(doing: DeskDoing) -> PressAnswer:
    scene = doing.scene
    if not doing.press.from_dialog:
        return PressAnswer(dialog=_alerts_dialog(scene))
    quiet = _quiet_hours(doing)
    if isinstance(quiet, Mapping):
        return PressAnswer(problems=quiet)
    rules = AlertRules(
        mine=doing.entered(MINE) == YES, reminders=doing.entered(REMINDERS) == YES, quiet=quiet
    )
    alerts.keep(scene.tx, scene.account.account_id, scene.by.key, rules)
    return DONE


def _quiet_hours(doing: DeskDoing) -> QuietHours | Mapping[str, str] | None:
    """Return the hours entered, None for none, or what is wrong with them by field."""
    starts, ends = doing.entered(QUIET_FROM), doing.entered(QUIET_TO)
    zone = doing.entered(ZONE) or doing.scene.zone
    if not (starts or ends):
        return None
    minutes = {QUIET_FROM: minute_of(starts), QUIET_TO: minute_of(ends)}
    problems = {
        name: "Write a time such as 22:00, or leave both empty." for name in minutes if minutes[name] is None
    }
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        problems[ZONE] = "Write a zone such as Asia/Kolkata or Europe/London."
    first, last = minutes[QUIET_FROM], minutes[QUIET_TO]
    if problems or first is None or last is None:
        return problems
    if first == last:
        return {QUIET_TO: "Let the quiet hours end at another time than they begin."}
    return QuietHours(from_minute=first, to_minute=last, zone=zone)


def _alerts_dialog(scene: Scene) -> Dialog:
    rules = scene.account.alerts.get(scene.by.key, AlertRules())
    quiet = rules.quiet
    return Dialog(
        action=Action.ALERTS,
        handoff_id="",
        title="Direct messages",
        submit="Save",
        lines=("Cards and their threads tag you in any case. This is about messages to you alone.",),
        fields=(
            _yes_or_no(MINE, "When a handoff becomes mine", rules.mine),
            _yes_or_no(REMINDERS, "When half my time is gone, or a later reminder is due", rules.reminders),
            DialogField(
                name=QUIET_FROM,
                label="Quiet from",
                kind=FieldKind.LINE,
                required=False,
                hint="No such message then, unless you are on duty for it. 22:00, say.",
                initial=_clock(quiet.from_minute) if quiet else None,
            ),
            DialogField(
                name=QUIET_TO,
                label="Quiet until",
                kind=FieldKind.LINE,
                required=False,
                initial=_clock(quiet.to_minute) if quiet else None,
            ),
            DialogField(
                name=ZONE,
                label="On the clocks of",
                kind=FieldKind.LINE,
                required=False,
                initial=quiet.zone if quiet else scene.zone,
            ),
        ),
    )


def _yes_or_no(name: str, label: str, value: bool) -> DialogField:
    choices = (Choice(value=YES, label="Yes"), Choice(value=NO, label="No"))
    return DialogField(
        name=name, label=label, kind=FieldKind.CHOICE, choices=choices, initial=YES if value else NO
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def hand_off_dialog(scene: Scene, picked: PickedMessage) -> Dialog:
    """Return what is asked before a message becomes a handoff.

    The message stands in it as it was written: the chat has just shown it to the asker.
    """
    channels = tuple(scene.account.desk.channels)[:MOST_CHOICES]
    return Dialog(
        action=Action.HAND_OFF,
        handoff_id="",
        title="Hand off",
        submit="Hand off",
        lines=("Whoever is on duty for the channel gets it, with a ticket, a card and a promise to keep.",),
        fields=(
            DialogField(
                name=CHANNEL,
                label="Where the customer writes",
                kind=FieldKind.CHOICE,
                choices=tuple(Choice(value=name, label=name) for name in channels),
            ),
            DialogField(
                name=NAME, label="The customer's name", kind=FieldKind.LINE, required=False, longest=200
            ),
            DialogField(
                name=EMAIL, label="The customer's e-mail", kind=FieldKind.LINE, required=False, longest=200
            ),
            DialogField(
                name=WANTS,
                label="What they want",
                kind=FieldKind.TEXT,
                longest=LONGEST_MESSAGE,
                initial=picked.text[:LONGEST_MESSAGE] or None,
            ),
        ),
        kept={CONVERSATION: picked.conversation_id, CODE: picked.code},
    )


def _hand_off(doing: DeskDoing) -> PressAnswer:
    scene, kept = doing.scene, doing.press.kept
    channel, wants, email = doing.entered(CHANNEL), doing.entered(WANTS), doing.entered(EMAIL)
    if channel not in scene.account.desk.channels:
        return PressAnswer(problems={CHANNEL: "The desk has no such channel any more."})
    if not wants:
        return PressAnswer(problems={WANTS: "Say what the customer wants."})
    if email and ("@" not in email or any(sign.isspace() for sign in email)):
        return PressAnswer(problems={EMAIL: "Write it as name@host, or leave it empty."})
    context = Context(
        conversation_id=storable(kept[CONVERSATION]),
        channel=channel,
        trigger=Trigger(kind=TriggerKind.ASKED, code=storable(kept.get(CODE, ""))),
        customer=Customer(name=storable(doing.entered(NAME)) or None, email=storable(email) or None),
        summary=Summary(wants=storable(wants)),
    )
    receipt = accept(scene.tx, scene.account, Handover(context=context, asked_at=scene.now), scene.now)
    by = in_words(receipt.promised_at, scene.zone)
    line = f"Handed off: {receipt.owner or 'nobody on duty, the lead'} has it. An answer is due by {by}."
    _tell_with_card(scene, receipt.handoff_id, doing.press.user_id, line)
    return DONE


def _tell_with_card(scene: Scene, handoff_id: str, user_id: str, text: str) -> None:
    """Owe the asker a line that leads to the card, once that stands."""
    change = open_change(scene.tx, scene.account, handoff_id, scene.now)
    change.note("handed_off_by", actor=scene.by.key)
    change.write()
    said = {"text": text}
    owe_telling(scene.tx, scene.account, "link_card", handoff_id, scene.now, user_id=user_id, payload=said)


DESK_ACTS: Final[Mapping[Action, Callable[[DeskDoing], PressAnswer]]] = {
    Action.TAKE_OVER: _take_over,
    Action.GIVE_BACK: _give_back,
    Action.ALERTS: _alerts,
    Action.HAND_OFF: _hand_off,
}
