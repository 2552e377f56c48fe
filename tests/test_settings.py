"""The environment as one typed object: read from values or files, and silent about secrets."""

from __future__ import annotations

import pytest

from bridge.settings import NAMES, Settings, SettingsRefused, read_settings

CANARY = "canary-7f3a"
SECRET = [
    "HANDOFF_SECRET_KEYS",
    "ZENDESK_OAUTH_TOKEN",
    "ZENDESK_API_TOKEN",
    "ZENDESK_WEBHOOK_SECRET",
    "FRESHDESK_API_KEY",
    "FRESHDESK_WEBHOOK_SECRET",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
]


def test_an_empty_environment_is_a_store_beside_us_and_no_vendor():
    assert read_settings({}) == Settings()
    assert Settings().database_url == "sqlite:///handoff.db"


def test_each_name_sets_a_field_of_its_own():
    assert sorted(NAMES.values()) == sorted(Settings.model_fields)


def test_every_setting_that_sounds_secret_is_known_as_one():
    sounding = [name for name in NAMES if name.endswith(("_TOKEN", "_SECRET", "_KEY", "_KEYS"))]
    assert sorted(sounding) == sorted(SECRET)


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_not_in_what_the_settings_show_of_themselves(name):
    settings = read_settings({name: CANARY})
    assert CANARY not in repr(settings) + str(settings)
    assert CANARY in settings.secrets


def test_the_password_in_the_stores_address_is_a_secret_as_written_and_as_meant():
    settings = read_settings({"HANDOFF_DATABASE_URL": "postgresql://bridge:can%40ary@db,other/shop"})
    assert "can%40ary" not in repr(settings)
    assert {"can%40ary", "can@ary"} <= settings.secrets


def test_of_two_secrets_in_one_setting_each_is_known():
    settings = read_settings({"ZENDESK_WEBHOOK_SECRET": "new-one, old-one", "HANDOFF_SECRET_KEYS": "k1,k2"})
    assert {"new-one", "old-one", "k1", "k2"} <= settings.secrets


def test_a_value_may_stand_in_a_file_and_the_file_wins(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{CANARY}\n")
    settings = read_settings({"SLACK_BOT_TOKEN_FILE": str(path), "SLACK_BOT_TOKEN": "other"})
    assert settings.slack_bot_token == CANARY


def test_an_empty_file_is_a_setting_not_given(tmp_path):
    path = tmp_path / "url"
    path.write_text("\n")
    assert read_settings({"HANDOFF_DATABASE_URL_FILE": str(path)}).database_url == "sqlite:///handoff.db"


def test_an_empty_value_is_a_setting_not_given():
    assert read_settings({"ZENDESK_SUBDOMAIN": "", "PORT": ""}) == Settings()


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, kind):
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsRefused, match=r"^SLACK_BOT_TOKEN_FILE: .*file "):
        read_settings({"SLACK_BOT_TOKEN_FILE": str(path)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", CANARY),
        ("HANDOFF_LOG_FORMAT", CANARY),
        ("HANDOFF_ALLOW_LOOPBACK_CALLBACKS", CANARY),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name, value):
    with pytest.raises(SettingsRefused, match=f"^{name}: ") as refused:
        read_settings({name: value})
    assert value not in str(refused.value)


def test_all_wrong_values_are_told_at_once():
    with pytest.raises(SettingsRefused) as refused:
        read_settings({"PORT": "x", "HANDOFF_LOG_FORMAT": "xml"})
    assert str(refused.value).count(";") == 1
