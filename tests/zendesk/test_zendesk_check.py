"""The live check says in an admin's words what the account lacks."""

from __future__ import annotations

import pytest

from connectors.errors import AccessDenied
from connectors.mapping import read_mapping
from connectors.zendesk import ApiToken, ZendeskAccount
from connectors.zendesk.webhook import PUBLISHED_TEST_SECRET


def found(helpdesk) -> list[tuple[str, str, str]]:
    return [(one.severity, one.where, one.problem) for one in helpdesk.check()]


def test_a_seeded_account_is_as_it_should_be(desk):
    helpdesk = desk.connector(groups=["Billing", "support"], webhook_secrets=["a-secret"])
    assert helpdesk.check() == ()


def test_a_missing_group_is_named(desk):
    helpdesk = desk.connector(groups=["Nirvana"], webhook_secrets=["a-secret"])
    assert found(helpdesk) == [("error", "group Nirvana", "does not exist at Zendesk")]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("{field: 1, from: topic}", "does not exist at Zendesk"),
        ("{field: 900101, from: topic}", "is deactivated"),
        (
            "{field: 900104, from: topic, kind: whole}",
            "is of type 'text'; a whole rule needs decimal or integer",
        ),
        (
            "{field: 900102, from: topic, kind: choice, choices: {a: nope}}",
            "has no option with the tag 'nope'",
        ),
    ],
)
def test_a_field_that_cannot_take_its_value_is_named(desk, rule, problem):
    desk.zendesk.store.fields[900101]["active"] = False
    helpdesk = desk.connector(mapping=read_mapping(f"fields: {{x: {rule}}}"), webhook_secrets=["a-secret"])
    assert [one[2] for one in found(helpdesk)] == [problem]


def test_a_user_with_too_few_rights_is_told(desk):
    desk.zendesk.store.users[3600]["role"] = "agent"
    assert ("warning", "zendesk sign-in") in [one[:2] for one in found(desk.connector(webhook_secrets=["x"]))]


def test_no_secret_and_the_published_one_are_told(desk):
    assert [one[0] for one in found(desk.connector())] == ["warning"]
    assert [one[0] for one in found(desk.connector(webhook_secrets=[PUBLISHED_TEST_SECRET]))] == ["error"]


def test_a_wrong_key_is_an_error_of_its_own(desk):
    account = ZendeskAccount(sign_in=ApiToken(email="nobody@shop.example", token="x"), base_url=desk.url)
    with pytest.raises(AccessDenied):
        desk.connector(account=account).check()
