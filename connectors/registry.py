"""The one table of vendors: who can be connected, and how each is built from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from bridge.desk.model import Desk
from bridge.settings import Settings
from bridge.sla.model import StepKind
from connectors.base import Connector, Finding, Helpdesk, Limit
from connectors.chat import Chat, ChatEvent, Link, Press, PressAnswer, Receiver, Surfaces
from connectors.freshdesk import FreshdeskHelpdesk
from connectors.mapping import FieldMapping, load_mapping, shipped_mapping
from connectors.slack import SlackChat, SlackLink, SlackReceiver
from connectors.slack.api import BASE_URL
from connectors.zendesk import ApiToken, OAuthToken, ZendeskAccount, ZendeskHelpdesk
from connectors.zendesk.access import UNNAMED

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Connectors:
    """The connectors of this deployment, by the name of their connection."""

    helpdesks: Mapping[str, Helpdesk] = field(default_factory=dict)
    chats: Mapping[str, Chat] = field(default_factory=dict)

    def of(self, connection: str) -> Connector | None:
        """Return the connector of a connection; None for one that has none, such as the bot's."""
        return self.helpdesks.get(connection) or self.chats.get(connection)

    def limits_of(self, connection: str) -> Mapping[str, Limit]:
        """Return the vendor's limits by name; none for a connection without a connector."""
        connector = self.of(connection)
        return connector.limits if connector else {}

    @property
    def vendors(self) -> Mapping[str, str]:
        """Return each connection's vendor."""
        return {name: connector.vendor for name, connector in (*self.helpdesks.items(), *self.chats.items())}


def _zendesk(settings: Settings, desk: Desk | None, clock: Clock) -> Helpdesk | None:
    if not (settings.zendesk_subdomain or settings.zendesk_base_url):
        keys = (settings.zendesk_oauth_token, settings.zendesk_api_token, settings.zendesk_webhook_secret)
        _nothing_given("zendesk", "ZENDESK_SUBDOMAIN", *keys)
        return None
    if settings.zendesk_oauth_token:
        sign_in: ApiToken | OAuthToken = OAuthToken(token=settings.zendesk_oauth_token)
    elif settings.zendesk_email and settings.zendesk_api_token:
        sign_in = ApiToken(email=settings.zendesk_email, token=settings.zendesk_api_token)
    else:
        raise Unconnectable("zendesk", "give ZENDESK_OAUTH_TOKEN, or ZENDESK_EMAIL and ZENDESK_API_TOKEN")
    account = ZendeskAccount(
        sign_in=sign_in, subdomain=settings.zendesk_subdomain or UNNAMED, base_url=settings.zendesk_base_url
    )
    return ZendeskHelpdesk(
        account=account,
        mapping=_mapping("zendesk", settings),
        webhook_secrets=_listed(settings.zendesk_webhook_secret),
        groups=_groups(desk),
        clock=clock,
    )


def _freshdesk(settings: Settings, desk: Desk | None, clock: Clock) -> Helpdesk | None:
    if not (settings.freshdesk_domain or settings.freshdesk_base_url):
        keys = (settings.freshdesk_api_key, settings.freshdesk_webhook_secret)
        _nothing_given("freshdesk", "FRESHDESK_DOMAIN", *keys)
        return None
    if not settings.freshdesk_api_key:
        raise Unconnectable("freshdesk", "give FRESHDESK_API_KEY")
    return FreshdeskHelpdesk(
        base_url=settings.freshdesk_base_url or f"https://{settings.freshdesk_domain}",
        api_key=settings.freshdesk_api_key,
        webhook_secrets=_listed(settings.freshdesk_webhook_secret),
        mapping=_mapping("freshdesk", settings),
        groups=_groups(desk),
        clock=clock,
    )


def _slack(settings: Settings, desk: Desk | None, clock: Clock) -> Chat | None:
    if not settings.slack_bot_token:
        others = (settings.slack_signing_secret, settings.slack_app_token, settings.slack_api_base_url)
        _nothing_given("slack", "SLACK_BOT_TOKEN", *others)
        return None
    return SlackChat(
        token=settings.slack_bot_token,
        channels=desk.card_channels if desk else (),
        people=tuple(desk.people.values()) if desk else (),
        base_url=settings.slack_api_base_url or BASE_URL,
        clock=clock,
    )


Build = Callable[[Settings, Desk | None, Clock], Helpdesk | None]
HELPDESKS: Final[Mapping[str, Build]] = {"zendesk": _zendesk, "freshdesk": _freshdesk}
CHATS: Final[Mapping[str, Callable[[Settings, Desk | None, Clock], Chat | None]]] = {"slack": _slack}
#: names under which a person of the desk may carry an id
VENDORS: Final = frozenset((*HELPDESKS, *CHATS))


class Unconnectable(Exception):
    """A connection's settings are half given. The text says what is missing."""

    def __init__(self, vendor: str, remedy: str) -> None:
        super().__init__(f"{vendor}: {remedy}")


def build_connectors(settings: Settings, desk: Desk | None = None, clock: Clock = _now) -> Connectors:
    """Build every connector whose settings are given; `desk` only serves their live check.

    `clock` tells them the time by which they wait and look back: the one that the ledger's rows are written by.
    Raises Unconnectable for settings half given, MappingRefused for a mapping that cannot be used.
    """
    helpdesks = {name: build(settings, desk, clock) for name, build in HELPDESKS.items()}
    chats = {name: build(settings, desk, clock) for name, build in CHATS.items()}
    return Connectors(
        helpdesks={name: made for name, made in helpdesks.items() if made is not None},
        chats={name: made for name, made in chats.items() if made is not None},
    )


def build_receiver(
    settings: Settings,
    on_press: Callable[[Press], PressAnswer],
    on_refusal: Callable[[Press, str], None],
    on_event: Callable[[ChatEvent], None],
    surfaces: Surfaces | None = None,
) -> Receiver | None:
    """Build what takes the chat's calls; None where nothing can come, by HTTP or by a link.

    `on_press` keeps a press and returns what the presser is to see, `on_event` gives the chat's news their effect;
    `surfaces` takes all else, None for nothing.
    """
    if not (settings.slack_signing_secret or settings.slack_app_token):
        return None
    return SlackReceiver(
        signing_secret=settings.slack_signing_secret,
        on_press=on_press,
        on_refusal=on_refusal,
        on_event=on_event,
        surfaces=surfaces,
    )


def build_link(
    settings: Settings,
    receiver: Receiver,
    on_open: Callable[[], None],
    on_trouble: Callable[[str], None],
) -> Link | None:
    """Build the link by which the chat tells `receiver` what it cannot call us with; None where none is wanted.

    `on_open` hears of each link that stands, `on_trouble` in plain words why none does or nothing was kept.
    """
    if not settings.slack_app_token:
        return None
    return SlackLink(
        app_token=settings.slack_app_token,
        take=receiver.take,
        on_open=on_open,
        on_trouble=on_trouble,
        base_url=settings.slack_api_base_url or BASE_URL,
    )


def doubts(settings: Settings) -> tuple[Finding, ...]:
    """Return what the settings leave undone: connections that can speak and not hear."""
    deaf = (
        (
            settings.slack_bot_token and not (settings.slack_signing_secret or settings.slack_app_token),
            "SLACK_SIGNING_SECRET",
            "the buttons under the cards do nothing",
            "or SLACK_APP_TOKEN for a host that Slack cannot call",
        ),
        (
            (settings.zendesk_subdomain or settings.zendesk_base_url) and not settings.zendesk_webhook_secret,
            "ZENDESK_WEBHOOK_SECRET",
            "answers are found by polling alone, up to two minutes late",
            None,
        ),
        (
            settings.freshdesk_api_key and not settings.freshdesk_webhook_secret,
            "FRESHDESK_WEBHOOK_SECRET",
            "answers are found by polling alone, up to two minutes late",
            None,
        ),
    )
    return tuple(
        Finding(
            severity="warning",
            where=name,
            problem=f"is not set: {problem}",
            remedy=f"give {name}, {instead}" if instead else f"give {name}",
        )
        for missing, name, problem, instead in deaf
        if missing
    )


def _nothing_given(vendor: str, missing: str, *given: str | None) -> None:
    """Refuse a connection whose keys are given and whose address is not: it would be left out in silence."""
    if any(given):
        raise Unconnectable(vendor, f"give {missing} too, or take its other settings away")


def _mapping(vendor: str, settings: Settings) -> FieldMapping:
    """Return the shipped mapping, with the admin's own file of the same name laid over it."""
    own = settings.mappings / "helpdesks" / f"{vendor}.yaml" if settings.mappings else None
    if own is not None and not own.is_file():
        raise Unconnectable(vendor, f"HANDOFF_MAPPINGS has no helpdesks/{vendor}.yaml")
    return load_mapping(own) if own else shipped_mapping(vendor)


def _listed(secret: str | None) -> Sequence[str]:
    """Return one secret, or two set apart by a comma while one replaces the other."""
    return tuple(part.strip() for part in secret.split(",") if part.strip()) if secret else ()


def _groups(desk: Desk | None) -> Sequence[str]:
    if desk is None:
        return ()
    by_route = (rule.group for rule in desk.routes)
    rungs = (rung for policy in desk.policies.values() for rung in policy.ladder)
    by_step = (step.target for rung in rungs for step in rung.steps if step.kind is StepKind.MOVE_GROUP)
    return tuple(dict.fromkeys(group for group in (*by_route, *by_step) if group))
