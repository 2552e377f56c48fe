"""What people ask the bridge by a command of the chat, answered from the store alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from bridge.handoffs.account import Account
from bridge.handoffs.summary import two_lines
from bridge.inbound import covering
from bridge.inbound.covering import Scene, in_words
from bridge.people.open_handoffs import count_answered, waiting_for
from bridge.reports.period import Period, midnight
from bridge.reports.report import make_report
from bridge.reports.rows import received_in
from bridge.reports.wording import headline
from bridge.roster.model import Duty, Person
from bridge.roster.moments import WAYS, moment_of
from bridge.roster.on_duty import next_duty
from bridge.roster.walltime import local_date
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
DAY: Final = timedelta(days=1)
STATS_OVER: Final = timedelta(days=7)
#: handoffs that are counted before the chat's patience ends
MOST_COUNTED: Final = 20_000
MOST_SHOWN: Final = 10
HELP: Final = "\n".join(
    (
        "who [channel] [time]: who is on duty, now or then",
        "mine: your open handoffs, the longest wait first",
        "cover PERSON UNTIL: stand in for somebody on the channels they hold now",
        "cover stop: give it back",
        "stats: how many customers of the last seven days were answered in time",
        f"Times are {WAYS}; people go by key, first name or mention.",
    )
)


def answer(scene: Scene, vendor: str, text: str) -> str:
    """Do what a command says and return what to show. `vendor` is whose ids its mentions hold."""
    word, _, rest = text.strip().partition(" ")
    known = COMMANDS.get(word.casefold())
    return known(scene, vendor, rest.strip()) if known else HELP


def _who(scene: Scene, _vendor: str, rest: str) -> str:
    channels = scene.account.desk.channels
    first, _, then = rest.partition(" ")
    named = next((name for name in channels if name.casefold() == first.casefold()), None)
    when = then.strip() if named else rest
    at = moment_of(when, scene.now, scene.zone) if when else scene.now
    if at is None:
        listed = ", ".join(channels)
        if named:
            return f"I cannot read “{when}” as a time. Write {WAYS}."
        return f"“{rest}” is neither a channel nor a time. Channels: {listed}. Times: {WAYS}."
    asked = [named] if named else list(channels)
    duties = covering.holders(scene.account, at)
    head = [f"{in_words(at, scene.zone)}:"] if when else []
    return "\n".join([*head, *(_held(scene.account, channel, duties[channel], at) for channel in asked)])


def _held(account: Account, channel: str, duty: Duty | None, at: datetime) -> str:
    zone = account.desk.zone
    if duty is None:
        following = next_duty(account.desk.roster, channel, at)
        if following is None:
            return f"{channel}: nobody."
        first = _name(account, following.owner)
        return f"{channel}: nobody. Next: {first} from {in_words(following.starts_at, zone)}."
    parts = [f"{channel}: {_name(account, duty.owner)} until {in_words(duty.ends_at, zone)}"]
    if duty.backup:
        parts.append(f"backup {_name(account, duty.backup)}")
    note = f" {duty.override.note}." if duty.override and duty.override.note else ""
    return f"{', '.join(parts)}.{note}"


def _mine(scene: Scene, _vendor: str, _rest: str) -> str:
    account_id, connection = scene.account.account_id, scene.tx.connection
    mine = waiting_for(connection, account_id, scene.by.key)
    answered = count_answered(connection, account_id, scene.by.key)
    rest = [f"{answered} more answered and not resolved."] if answered else []
    if not mine:
        return "\n".join(["Nobody waits for you.", *rest])
    lines = []
    for handoff in mine[:MOST_SHOWN]:
        minutes = int((scene.now - handoff.waiting_since).total_seconds() // 60)
        ticket = f", ticket {handoff.ticket.id}" if handoff.ticket else ""
        due = "was due" if handoff.promised_at <= scene.now else "due"
        lines.append(
            f"• {two_lines(handoff.summary)[0]}: waits for {minutes} min, "
            f"answer {due} {in_words(handoff.promised_at, scene.zone)}{ticket}"
        )
    if len(mine) > MOST_SHOWN:
        lines.append(f"… and {len(mine) - MOST_SHOWN} more.")
    return "\n".join([*lines, *rest])


def _cover(scene: Scene, vendor: str, rest: str) -> str:
    if rest.casefold() in ("stop", "end"):
        return covering.give_back(scene)
    words = rest.split()
    if not words:
        return f"Write: cover PERSON UNTIL, or cover stop. A time is {WAYS}."
    for length in range(len(words), 0, -1):
        found = people_called(scene.account, vendor, " ".join(words[:length]))
        if len(found) > 1:
            keys = ", ".join(person.key for person in found)
            return f"Several people are called {' '.join(words[:length])}. Write the key instead: {keys}."
        if found:
            return _cover_until(scene, found[0], " ".join(words[length:]))
    names = ", ".join(person.first_name for person in scene.account.desk.people.values())
    return f"The desk knows nobody called “{words[0]}”. It knows {names}."


def _cover_until(scene: Scene, person: Person, until: str) -> str:
    ends_at = covering.end_of(scene, until)
    if isinstance(ends_at, str):
        return ends_at
    return covering.cover_for(scene, person, covering.held_by(scene, person), ends_at)


def people_called(account: Account, vendor: str, words: str) -> list[Person]:
    """Return whom words may mean: a mention, a key, a whole name, or a first name that several may share."""
    if words.startswith("@"):
        mentioned = account.person_by_id(vendor, words[1:])
        if mentioned:
            return [mentioned]
        words = words[1:]
    said, people = words.casefold(), account.desk.people
    by_key = [person for key, person in people.items() if key.casefold() == said]
    by_name = [person for person in people.values() if person.name.casefold() == said]
    by_first = [person for person in people.values() if person.first_name.casefold() == said]
    return by_key or by_name or by_first


def _stats(scene: Scene, _vendor: str, _rest: str) -> str:
    tomorrow = midnight(local_date(scene.now, scene.zone) + DAY, scene.zone)
    starts = midnight(local_date(scene.now, scene.zone) + DAY - STATS_OVER, scene.zone)
    period = Period(starts_at=starts, ends_at=tomorrow, zone=scene.zone)
    connection, account_id = scene.tx.connection, scene.account.account_id
    counted = select(HANDOFFS.c.handoff_id).where(
        HANDOFFS.c.account_id == account_id,
        HANDOFFS.c.received_at >= period.starts_at,
        HANDOFFS.c.received_at < period.ends_at,
    )
    many = connection.execute(select(func.count()).select_from(counted.limit(MOST_COUNTED + 1).subquery()))
    if many.scalar_one() > MOST_COUNTED:
        return (
            f"More than {MOST_COUNTED:,} customers were handed over {period.in_words(scene.now)}: "
            "that takes longer to count than the chat waits. Run `handoff report`."
        )
    return headline(make_report(received_in(connection, account_id, period), period, scene.now))


def _help(_scene: Scene, _vendor: str, _rest: str) -> str:
    return HELP


def _name(account: Account, key: str) -> str:
    person = account.person(key)
    return person.name if person else key


COMMANDS: Final[Mapping[str, Callable[[Scene, str, str], str]]] = {
    "who": _who,
    "mine": _mine,
    "cover": _cover,
    "stats": _stats,
    "help": _help,
}
