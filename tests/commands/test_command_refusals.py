"""What a user can mend is told in one line, with exit status 2 and never a traceback."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

PASSWORD = "hunter2-in-the-address"


def refused(told) -> str:
    """Return the line that says what is wrong."""
    assert told.status == 2
    assert told.out == ""
    assert told.err.startswith("handoff: ")
    assert told.err.count("\n") == 1, told.err
    return told.err.removeprefix("handoff: ").strip()


SERVING = ("run", "web", "worker")


@pytest.mark.parametrize("command", [*SERVING, "keys list"])
def test_without_a_key_for_secrets_nothing_starts(handoff, command):
    line = refused(handoff(*command.split(), HANDOFF_SECRET_KEYS=None))
    assert line.startswith("HANDOFF_SECRET_KEYS is not set")
    assert "handoff secrets new" in line


def test_a_key_for_secrets_that_is_none_is_refused_and_not_shown(handoff):
    line = refused(handoff("keys", "list", HANDOFF_SECRET_KEYS="swordfish"))
    assert line.startswith("HANDOFF_SECRET_KEYS: ")
    assert "swordfish" not in line


@pytest.mark.parametrize("command", [*SERVING, "keys create --name bot"])
def test_the_keys_of_another_store_are_refused_before_anything_is_done(handoff, command):
    handoff("keys", "create", "--name", "first")
    line = refused(handoff(*command.split(), HANDOFF_SECRET_KEYS=Fernet.generate_key().decode()))
    assert line == "HANDOFF_SECRET_KEYS: none of the secret keys opens this account's data key"


@pytest.mark.parametrize("command", SERVING)
def test_without_a_desk_nothing_starts(handoff, command):
    assert refused(handoff(command, HANDOFF_DESK=None)).startswith("HANDOFF_DESK is not set")


@pytest.mark.parametrize("command", ["route --payload x", "roster who --channel web", "check"])
def test_a_command_that_reads_the_desk_says_when_it_is_not_told_which(handoff, command):
    line = refused(handoff(*command.split(), HANDOFF_DESK=None))
    assert line == "which desk? Give --desk FILE, or set HANDOFF_DESK"


@pytest.mark.parametrize("command", [*SERVING, "roster who --channel web"])
def test_a_desk_that_is_not_there_is_named(handoff, tmp_path, command):
    line = refused(handoff(*command.split(), HANDOFF_DESK=str(tmp_path / "nowhere.yaml")))
    assert line.startswith("nowhere.yaml:1: cannot be read")


def test_a_first_desk_with_mistakes_stops_the_start_with_each_of_them(handoff, desk_file):
    text = desk_file.read_text().replace("owners: [meera]", "owners: [nobody]")
    desk_file.write_text(text.replace("fallback:\n", "fallback:\n  deputy: asha\n"))
    told = handoff("run")
    assert told.status == 2
    assert told.err.count("desk.yaml:") == 2
    assert "Traceback" not in told.err


@pytest.mark.parametrize("command", ["migrate", "keys list", "report", "run"])
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:hunter2-in-the-address@db/shop", "mysql is not known"),
        ("nonsense", "cannot be read"),
        ("postgresql://u:hunter2-in-the-address@db:port/shop", "cannot be read"),
    ],
)
def test_an_address_that_is_no_store_is_refused_without_its_password(handoff, command, url, says):
    line = refused(handoff(*command.split(), HANDOFF_DATABASE_URL=url))
    assert line.startswith("HANDOFF_DATABASE_URL")
    assert says in line
    assert PASSWORD not in line


@pytest.mark.parametrize("command", ["migrate", "keys list", "report", "run"])
def test_a_store_that_cannot_be_reached_is_told_in_one_line(handoff, tmp_path, command):
    url = f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}"
    line = refused(handoff(*command.split(), HANDOFF_DATABASE_URL=url))
    assert "the store cannot be reached" in line


@pytest.mark.parametrize("command", ["keys list", "keys create --name bot", "web", "worker", "report"])
def test_a_store_without_tables_asks_for_its_migration(handoff, empty_url, command):
    line = refused(handoff(*command.split(), HANDOFF_DATABASE_URL=empty_url))
    assert "run `handoff migrate`" in line


def test_a_file_of_a_setting_that_cannot_be_read_is_named(handoff, tmp_path):
    path = tmp_path / "no-secret-here"
    line = refused(handoff("worker", HANDOFF_SECRET_KEYS=None, HANDOFF_SECRET_KEYS_FILE=str(path)))
    assert line == f"HANDOFF_SECRET_KEYS_FILE: {path} cannot be read (No such file or directory)"


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"ZENDESK_SUBDOMAIN": "shop"}, "zendesk: give ZENDESK_OAUTH_TOKEN"),
        ({"ZENDESK_SUBDOMAIN": "shop", "ZENDESK_EMAIL": "a@b.example"}, "zendesk: give ZENDESK_OAUTH_TOKEN"),
        ({"ZENDESK_OAUTH_TOKEN": "t"}, "zendesk: give ZENDESK_SUBDOMAIN"),
        ({"ZENDESK_WEBHOOK_SECRET": "t"}, "zendesk: give ZENDESK_SUBDOMAIN"),
        ({"FRESHDESK_DOMAIN": "shop.freshdesk.com"}, "freshdesk: give FRESHDESK_API_KEY"),
        ({"FRESHDESK_API_KEY": "t"}, "freshdesk: give FRESHDESK_DOMAIN"),
        ({"SLACK_SIGNING_SECRET": "t"}, "slack: give SLACK_BOT_TOKEN"),
    ],
)
def test_a_connection_given_by_half_is_refused(handoff, settings, missing):
    assert refused(handoff("worker", **settings)).startswith(missing)


def test_a_port_that_is_taken_is_named(handoff):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        line = refused(handoff("web", "--port", port))
    assert (
        line == f"cannot listen at 127.0.0.1:{port} (Address already in use); choose another --host or --port"
    )


def test_a_host_that_is_not_ours_is_named(handoff):
    line = refused(handoff("web", "--host", "no-such-host.invalid", "--port", "0"))
    assert line.startswith("cannot listen at no-such-host.invalid:0 (")


def test_the_sandbox_says_when_a_port_is_taken(handoff):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        line = refused(handoff("sandbox", "--port", taken.getsockname()[1]))
    assert "choose another --port" in line
