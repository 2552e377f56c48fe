"""The live check: what the account lacks, in sentences an admin can act on."""

from __future__ import annotations

import pytest

from connectors.errors import AccessDenied
from connectors.mapping import shipped_mapping


def problems(helpdesk):
    return [f"{finding.severity}: {finding.where} {finding.problem}" for finding in helpdesk.check()]


def test_a_fitting_account_has_nothing_to_mend(connect):
    assert connect(groups=["Billing", "support"]).check() == ()


def test_groups_that_are_missing_are_named_once(connect):
    helpdesk = connect(groups=["VIP", "Billing", "VIP"])
    assert problems(helpdesk) == ["error: group VIP does not exist at Freshdesk"]


def test_a_missing_field_says_what_would_do(helpdesk, account):
    account.freshdesk.remove_field("cf_topic")
    [finding] = helpdesk.check()
    assert finding.where == "field topic (cf_topic)"
    assert finding.remedy == (
        "Create it in Admin > Workflows > Ticket Fields, or take `fields.topic` out of the mapping."
    )


def test_a_field_of_another_type_is_named(helpdesk, account):
    account.freshdesk.store.fields["cf_customer_verified"]["type"] = "custom_text"
    [told] = problems(helpdesk)
    assert told.endswith("is of type 'custom_text'; a yes_no rule needs custom_checkbox")


def test_choices_that_are_missing_are_named(helpdesk, account):
    fields = account.freshdesk.store.fields
    fields["cf_handoff_reason"]["choices"] = fields["cf_handoff_reason"]["choices"][:-1]
    fields["source"]["choices"] = {"Email": 1}
    assert problems(helpdesk) == [
        "error: field trigger (cf_handoff_reason) has no choice 'Other'",
        "error: field source has no choice '7'",
    ]


@pytest.mark.parametrize("name", ["ticket_type", "group"])
def test_a_needed_field_is_named_unless_routes_fill_it(helpdesk, account, name):
    account.freshdesk.store.fields[name]["required_for_agents"] = True
    expected = [
        f"error: field {name} is required of agents and filled by nobody; Freshdesk may refuse our tickets"
    ]
    assert problems(helpdesk) == ([] if name == "group" else expected)


def test_a_fixed_property_fills_a_needed_field(connect, account, tmp_path):
    own = tmp_path / "freshdesk.yaml"
    own.write_text("ticket: {type: Refund}")
    account.freshdesk.store.fields["ticket_type"]["required_for_agents"] = True
    assert connect(mapping=shipped_mapping("freshdesk", own)).check() == ()


def test_an_agent_who_sees_little_is_told(helpdesk, account):
    account.freshdesk.store.agents[4600] |= {"ticket_scope": 2, "occasional": True}
    assert [told.split(":")[0] for told in problems(helpdesk)] == ["warning", "error"]


def test_no_webhook_secret_is_a_warning(connect):
    [finding] = connect(webhook_secrets=[]).check()
    assert (finding.severity, finding.where) == ("warning", "freshdesk webhook")


def test_a_mapping_without_a_key_is_a_warning(connect, tmp_path):
    own = tmp_path / "freshdesk.yaml"
    own.write_text("fields: {handoff_key: null}")
    [told] = problems(connect(mapping=shipped_mapping("freshdesk", own)))
    assert told.startswith("warning: field handoff_key is not mapped")


def test_a_wrong_key_is_denied(connect):
    with pytest.raises(AccessDenied):
        connect(api_key="wrong").check()


def test_a_key_that_may_not_list_groups_reads_them_off_the_form(connect, account):
    account.goes_wrong("GET groups", "status", status=403)
    assert problems(connect(groups=["Billing", "VIP"])) == ["error: group VIP does not exist at Freshdesk"]
