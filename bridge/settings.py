"""The environment as one typed object. Every name may also be given as NAME_FILE, a path to the value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: environment name → field of Settings; docs/operations.md explains each
NAMES: Final[Mapping[str, str]] = {
    "HANDOFF_DATABASE_URL": "database_url",
    "HANDOFF_DESK": "desk",
    "HANDOFF_SECRET_KEYS": "secret_keys",
    "HANDOFF_HOST": "host",
    "PORT": "port",
    "HANDOFF_PUBLIC_URL": "public_url",
    "HANDOFF_ALLOW_LOOPBACK_CALLBACKS": "allow_loopback_callbacks",
    "HANDOFF_LOG_FORMAT": "log_format",
    "HANDOFF_MAPPINGS": "mappings",
    "HANDOFF_HEARTBEAT_URL": "heartbeat_url",
    "HANDOFF_RETENTION_DAYS": "retention_days",
    "ZENDESK_SUBDOMAIN": "zendesk_subdomain",
    "ZENDESK_BASE_URL": "zendesk_base_url",
    "ZENDESK_OAUTH_TOKEN": "zendesk_oauth_token",
    "ZENDESK_EMAIL": "zendesk_email",
    "ZENDESK_API_TOKEN": "zendesk_api_token",
    "ZENDESK_WEBHOOK_SECRET": "zendesk_webhook_secret",
    "FRESHDESK_DOMAIN": "freshdesk_domain",
    "FRESHDESK_BASE_URL": "freshdesk_base_url",
    "FRESHDESK_API_KEY": "freshdesk_api_key",
    "FRESHDESK_WEBHOOK_SECRET": "freshdesk_webhook_secret",
    "SLACK_BOT_TOKEN": "slack_bot_token",
    "SLACK_SIGNING_SECRET": "slack_signing_secret",
    "SLACK_APP_TOKEN": "slack_app_token",
    "SLACK_API_BASE_URL": "slack_api_base_url",
}

#: fields of Settings whose names end so are secret
SECRET_NAMES: Final = ("_token", "_secret", "_api_key", "heartbeat_url")
#: the password within a store's address
PASSWORD: Final = re.compile(r"://[^:/]*:([^@]*)@")


class SettingsRefused(Exception):
    """A setting is missing, unreadable or wrong. The text names it and says what would do."""


class Settings(BaseModel):
    """None means the setting was not given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = Field(default="sqlite:///handoff.db", repr=False)  #: it may hold a password
    desk: Path | None = None
    secret_keys: tuple[str, ...] = Field(default=(), repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    allow_loopback_callbacks: bool = False
    log_format: str = Field(default="text", pattern="^(text|json)$")
    retention_days: int | None = Field(
        default=None, ge=30
    )  #: closed handoffs go after so long; None keeps them
    mappings: Path | None = None  #: an admin's own mappings; None for the shipped ones
    heartbeat_url: str | None = Field(
        default=None, pattern="^https?://", repr=False
    )  #: whoever has it can pose as us
    zendesk_subdomain: str | None = None
    zendesk_base_url: str | None = None
    zendesk_oauth_token: str | None = Field(default=None, repr=False)
    zendesk_email: str | None = None
    zendesk_api_token: str | None = Field(default=None, repr=False)
    zendesk_webhook_secret: str | None = Field(default=None, repr=False)
    freshdesk_domain: str | None = None
    freshdesk_base_url: str | None = None
    freshdesk_api_key: str | None = Field(default=None, repr=False)
    freshdesk_webhook_secret: str | None = Field(default=None, repr=False)
    slack_bot_token: str | None = Field(default=None, repr=False)
    slack_signing_secret: str | None = Field(default=None, repr=False)
    slack_app_token: str | None = Field(default=None, repr=False)
    slack_api_base_url: str | None = None

    @property
    def secrets(self) -> frozenset[str]:
        """Return every secret value, so that logs can make sure to hold none of them."""
        named = [str(value) for name, value in self if value and name.endswith(SECRET_NAMES)]
        # two stand in one value, set apart by a comma, while one replaces the other
        apart = [part.strip() for value in named for part in value.split(",")]
        passwords = PASSWORD.findall(self.database_url)
        decoded = [unquote(password) for password in passwords]
        return frozenset(filter(None, (*named, *apart, *self.secret_keys, *passwords, *decoded)))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsRefused; no message holds a value."""
    given: dict[str, object] = {}
    for name, field in NAMES.items():
        value = _value(environment, name)
        if value is not None:
            given[field] = value
    if isinstance(keys := given.get("secret_keys"), str):
        given["secret_keys"] = tuple(key.strip() for key in keys.split(",") if key.strip())
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsRefused("; ".join(_problem(item) for item in error.errors())) from None


def _value(environment: Mapping[str, str], name: str) -> str | None:
    path = environment.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingsRefused(f"{name}_FILE: {path} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise SettingsRefused(f"{name}_FILE: {path} is not text in UTF-8") from None
    return environment.get(name) or None


def _problem(item: object) -> str:
    location = item["loc"][0] if isinstance(item, dict) and item["loc"] else ""
    name = next((name for name, field in NAMES.items() if field == location), str(location))
    return f"{name}: {item['msg'] if isinstance(item, dict) else item}"
