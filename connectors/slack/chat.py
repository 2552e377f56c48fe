"""Slack as the chat: cards edited in place, lines in their threads, notices to channels and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.handoffs.model import CardRef
from bridge.roster.model import Person
from connectors.base import Finding, Limit, Once, RateReadings
from connectors.chat import Attention, Card, CardOutcome, CardState, Dialog, Home, Notice, Reach
from connectors.errors import EVERYTHING, Rejected
from connectors.slack.api import BASE_URL, TIMEOUT_SECONDS, SlackApi, text_of
from connectors.slack.attention import Attentions
from connectors.slack.blocks import Post
from connectors.slack.card import SETTLED, card_post, unfurled
from connectors.slack.check import findings
from connectors.slack.dialogs import TooLong, view_of
from connectors.slack.earlier import Earlier, EarlierPosts
from connectors.slack.home import home_view
from connectors.slack.mrkdwn import escape
from connectors.slack.notice import TAGS_LIMIT, notice_post
from connectors.slack.people import NAME_LIMIT, Clock, Directory, Tagged
from connectors.slack.refusals import VENDOR, NoSuchUser

CARD_EVENT = "handoff_card"
NOTICE_EVENT = "handoff_notice"

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
#: "several hundred messages a minute" for a workspace; Slack, "Rate limits"
WORKSPACE_LIMIT = Limit(calls=300, per=MINUTE, until_refused=3000)
#: One message a second for each channel, with short bursts; Slack, "Rate limits". Counted by the second: of sixty
#: in a minute, all that are left would go out at once after each refusal, and all but one be refused again.
POST_LIMIT = Limit(calls=1, per=SECOND, until_refused=1200)
#: chat.update is a tier 3 method: 50 a minute and more; Slack, "Rate limits"
UPDATE_LIMIT = Limit(calls=50, per=MINUTE, until_refused=1200)
POST = "post"  #: the budget of each channel's posts; a 429 names the channel
UPDATE = "update_card"


def utc_now() -> datetime:
    return datetime.now(UTC)


class SlackChat:
    """Keeps the `Chat` contract with one bot token.

    `channels` and `people` are what `check` holds against the workspace. `clock` gives aware moments.
    """

    vendor = VENDOR
    limits: Mapping[str, Limit] = {EVERYTHING: WORKSPACE_LIMIT, POST: POST_LIMIT, UPDATE: UPDATE_LIMIT}

    def __init__(
        self,
        *,
        token: str,
        connection: str = VENDOR,
        base_url: str = BASE_URL,
        timeout_seconds: int = TIMEOUT_SECONDS,
        channels: Sequence[str] = (),
        people: Sequence[Person] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.connection = connection
        self.readings = RateReadings()  # Slack says nothing of what is left
        self._api = SlackApi(token=token, base_url=base_url, timeout_seconds=timeout_seconds)
        self._channels = tuple(channels)
        self._people = tuple(people)
        self._clock = clock
        self._attentions = Attentions(self._api, clock)
        self._directory = Directory(self._api, clock, self._attentions)
        self._earlier = EarlierPosts(self._api, timedelta(seconds=timeout_seconds))

    def post_card(self, card: Card, once: Once) -> CardOutcome:
        """Post the card, or find the post of an earlier attempt. Raises ConnectorError."""
        now = self._clock()
        earlier = self._earlier.settle(once, card.channel, None, now)
        if earlier.message:
            return CardOutcome(ref=self._ref(card.channel, earlier.message), found=True)
        post = self._drawn(card, now, may_repeat=earlier.may_repeat)
        ts = self._post(card.channel, None, post, _mark(CARD_EVENT, once, handoff_id=card.handoff_id))
        return CardOutcome(ref=self._ref(card.channel, ts))

    def find_card(self, channel: str, once: Once) -> CardOutcome | None:
        """Find the post of an earlier attempt; None when none is to be seen. Raises ConnectorError."""
        ts = self._earlier.settle(once, channel, None, self._clock()).message
        return CardOutcome(ref=self._ref(channel, ts), found=True) if ts else None

    def update_card(self, ref: CardRef, card: Card) -> None:
        """Draw the card anew in its place. Raises Gone when the post was deleted, ConnectorError."""
        post = self._drawn(card, self._clock(), may_repeat=False)
        self._api.write(
            self._api.client.chat_update,
            budget=UPDATE,
            channel=ref.channel,
            ts=ref.message,
            text=post.text,
            blocks=list(post.blocks),
        )

    def post_in_thread(self, ref: CardRef, notice: Notice, once: Once) -> Reach:
        """Say a line under a card. Raises ConnectorError."""
        return self._notify(ref.channel, ref.message, notice, once)

    def post_in_channel(self, channel: str, notice: Notice, once: Once) -> Reach:
        """Say a line in a channel. Raises ConnectorError."""
        return self._notify(channel, None, notice, once)

    def direct_message(self, person: Person, notice: Notice, once: Once) -> Reach:
        """Tell one person. A Reach without them means Slack knows no such user. Raises ConnectorError."""
        try:
            user_id = self._directory.user_id(person)
            if user_id is None:
                return Reach()
            channel = self._directory.conversation(user_id)
        except NoSuchUser:
            return Reach()
        told = self._notify(channel, None, notice, once)
        return Reach(people=told.people | {person.key}, message=told.message)

    def email_of(self, user_id: str) -> str | None:
        """Return a user's e-mail, None for a user without one or none at all. Raises ConnectorError."""
        return self._directory.email(user_id)

    def address_of(self, channel: str) -> str:
        """Return where an admin opens the channel. Source: Slack, "Deep linking"."""
        return f"https://slack.com/app_redirect?channel={channel}"

    def attention(self, person: Person) -> Attention:
        """Return whether this person would notice a message now. Raises ConnectorError."""
        user_id = self._directory.user_id(person)
        return Attention.UNREACHABLE if user_id is None else self._attentions.of(user_id)

    def tell_privately(self, channel: str, user_id: str, text: str) -> None:
        """Show one user a line in a channel that nobody else sees and nobody keeps. Raises ConnectorError.

        Not kept to once: a line seen twice does no harm.
        """
        post = notice_post(Notice(text=text), Tagged(), may_repeat=False)
        self._api.read(
            self._api.client.chat_postEphemeral,
            budget=channel,
            channel=channel,
            user=user_id,
            text=post.text,
            blocks=list(post.blocks),
        )

    def open_dialog(self, trigger: str, dialog: Dialog) -> None:
        """Ask the user whose press brought `trigger`. Raises Gone when Slack takes it no more, ConnectorError."""
        try:
            view = view_of(dialog)
        except TooLong as error:
            raise Rejected(VENDOR, str(error)) from None
        self._api.write(self._api.client.views_open, trigger_id=trigger, view=view)

    def tell_user(self, user_id: str, notice: Notice, once: Once) -> None:
        """Write to one user. Raises Gone for one who is not there any more, ConnectorError."""
        self._notify(self._directory.conversation(user_id), None, notice, once)

    def publish_home(self, user_id: str, home: Home) -> None:
        """Draw a user's home tab. Raises ConnectorError.

        Drawn twice it looks the same, so a lost answer needs no care.
        """
        view = home_view(home, self._clock())
        self._api.read(self._api.client.views_publish, user_id=user_id, view=view)

    def unfurl(self, place: Mapping[str, str], cards: Mapping[str, Card]) -> None:
        """Show what links lead to. Raises ConnectorError. Done twice it looks the same."""
        now = self._clock()
        unfurls = {url: {"blocks": unfurled(card, now)} for url, card in cards.items()}
        self._api.read(self._api.client.chat_unfurl, unfurls=unfurls, **place)

    def link_to(self, card: CardRef) -> str:
        """Return the address of a post. Raises Gone when it was deleted, ConnectorError."""
        answer = self._api.read(
            self._api.client.chat_getPermalink, channel=card.channel, message_ts=card.message
        )
        return text_of(answer, "permalink", writes=False)

    def keep_group(self, group: str, people: Sequence[Person]) -> bool:
        """Put these people into a user group, and take all others out. Raises ConnectorError.

        It is read first: Slack tells everybody whom a change adds or removes.
        """
        known = (self._directory.user_id(person) for person in people)
        wanted = list(dict.fromkeys(user_id for user_id in known if user_id))
        if not wanted:
            raise Rejected(VENDOR, "knows nobody who is to be in this user group; Slack takes no empty one")
        has = self._api.read(self._api.client.usergroups_users_list, usergroup=group).get("users")
        if isinstance(has, list) and set(has) == set(wanted):
            return False
        # The same list sent twice leaves the same group, so a lost answer needs no care.
        self._api.read(self._api.client.usergroups_users_update, usergroup=group, users=wanted)
        return True

    def check(self) -> tuple[Finding, ...]:
        """Hold token, scopes, channels and people against the workspace. Raises ConnectorError."""
        return tuple(findings(self._api, self._directory, self._channels, self._people))

    def _drawn(self, card: Card, now: datetime, *, may_repeat: bool) -> Post:
        owner, lead = self._label(card.owner, card.state), None
        if owner is None:
            lead = self._label(card.lead, card.state)
        return card_post(card, owner=owner, lead=lead, now=now, may_repeat=may_repeat)

    def _label(self, person: Person | None, state: CardState) -> str | None:
        """Return a mention while somebody must act, and a plain name once nobody must."""
        if person is None or state in SETTLED:
            return None if person is None else escape(person.name, NAME_LIMIT)
        return self._directory.tag([person], TAGS_LIMIT).only

    def _ref(self, channel: str, message: str) -> CardRef:
        return CardRef(connection=self.connection, channel=channel, message=message)

    def _notify(self, channel: str, thread: str | None, notice: Notice, once: Once) -> Reach:
        earlier = self._earlier.settle(once, channel, thread, self._clock())
        tagged = self._directory.tag(notice.tag, TAGS_LIMIT)
        if earlier.message:
            return Reach(people=tagged.reached_by(earlier.text), message=earlier.message)
        ts = self._say(channel, thread, notice, tagged, once, earlier)
        return Reach(people=tagged.reached, message=ts)

    def _say(
        self, channel: str, thread: str | None, notice: Notice, tagged: Tagged, once: Once, earlier: Earlier
    ) -> str:
        post = notice_post(notice, tagged, may_repeat=earlier.may_repeat)
        return self._post(channel, thread, post, _mark(NOTICE_EVENT, once))

    def _post(self, channel: str, thread: str | None, post: Post, mark: Mapping[str, Any]) -> str:
        answer = self._api.write(
            self._api.client.chat_postMessage,
            budget=channel,
            channel=channel,
            thread_ts=thread,
            text=post.text,
            blocks=list(post.blocks),
            metadata=dict(mark),
            unfurl_links=False,
            unfurl_media=False,
        )
        return text_of(answer, "ts", writes=True)


def _mark(event_type: str, once: Once, **payload: str) -> dict[str, Any]:
    """Return the metadata by which a later attempt finds this post."""
    return {"event_type": event_type, "event_payload": {"delivery": once.key, **payload}}
