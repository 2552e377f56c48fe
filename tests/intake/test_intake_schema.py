"""What a bot may send, and what the core makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.handoffs.model import Attempt, Context, Customer, Record, Speaker, Summary, Trigger, TriggerKind
from bridge.intake.problems import Problem, unusable
from bridge.intake.schema import (
    HandoffRequest,
    MessagesRequest,
    PatchRequest,
    WithdrawRequest,
    merge_patch,
    to_context,
    to_turns,
)

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LEAST = {"conversation_id": "c-1", "channel": "web"}


def accepted(**members):
    return to_context(HandoffRequest.model_validate({**LEAST, **members}), NOW)


def refusal(model=HandoffRequest, **members):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(members)
    return unusable(caught.value)


def test_the_least_a_bot_may_send_is_enough():
    taken = accepted()
    assert taken.context.conversation_id == "c-1"
    assert (taken.asked_at, taken.started_at, taken.flags) == (NOW, None, ())


def test_everything_has_its_place():
    context = accepted(
        customer={"name": "Kiran", "external_id": 42, "tier": "gold"},
        trigger={"kind": "failure", "code": "no_match"},
        attempts=["FAQ", {"what": "order lookup", "outcome": "timeout"}],
        records=[{"kind": "order", "id": 4411}],
        summary={"wants": "a refund"},
        fields={"amount": 12.5, "deep": {"a": [1]}},
        verification=["otp"],
        sentiment=-0.7,
        routing={"group": "Billing"},
        callback_url="https://bot.example/hook?x=1",
    ).context
    assert context.customer == Customer(name="Kiran", external_id="42", tier="gold")
    assert context.trigger == Trigger(kind=TriggerKind.FAILURE, code="no_match")
    assert context.attempts == (Attempt(what="FAQ"), Attempt(what="order lookup", outcome="timeout"))
    assert context.records == (Record(kind="order", id="4411"),)
    assert (context.summary, context.sentiment, context.hints.group) == (
        Summary(wants="a refund"),
        "-0.7",
        "Billing",
    )
    assert context.fields == {"amount": 12.5, "deep": {"a": [1]}}


@pytest.mark.parametrize(
    ("trigger", "kind", "code"),
    [
        ("asked", TriggerKind.ASKED, ""),
        ({"kind": "Emotion", "code": "angry"}, TriggerKind.EMOTION, "angry"),
        ("vip_route", TriggerKind.OTHER, "vip_route"),
        ({"kind": "vip", "code": "gold"}, TriggerKind.OTHER, "vip: gold"),
        (None, TriggerKind.OTHER, ""),
    ],
)
def test_an_unknown_trigger_is_kept_as_other(trigger, kind, code):
    assert accepted(trigger=trigger).context.trigger == Trigger(kind=kind, code=code)


@pytest.mark.parametrize(
    ("turn", "speaker"),
    [
        ({"speaker": "customer", "text": "hi"}, Speaker.CUSTOMER),
        ({"role": "assistant", "content": "hi"}, Speaker.BOT),
        ({"from": {"role": "user", "id": "u-1"}, "text": "hi"}, Speaker.CUSTOMER),
        ({"from": "agent", "text": "hi"}, Speaker.PERSON),
    ],
)
def test_speakers_are_known_by_the_names_bots_use(turn, speaker):
    taken = accepted(transcript=[turn])
    assert [(said.speaker, said.text) for said in taken.context.transcript] == [(speaker, "hi")]
    assert taken.flags == ()


def test_an_unknown_speaker_is_kept_and_flagged():
    taken = accepted(transcript=[{"speaker": "martian", "text": "hi"}])
    assert taken.context.transcript[0].speaker is Speaker.SYSTEM
    assert taken.flags == ("speaker_unknown",)


def test_unknown_members_are_kept_with_their_path():
    extra = accepted(
        queue="vip",
        customer={"segment": "b2b"},
        transcript=[{"speaker": "bot", "text": "", "card": {"a": 1}}],
    ).context.extra
    assert extra == {"queue": "vip", "customer.segment": "b2b", "transcript.0.card": {"a": 1}}


def test_null_is_the_same_as_left_out():
    names = (
        "summary",
        "attempts",
        "records",
        "fields",
        "transcript",
        "customer",
        "routing",
        "topic",
        "asked_at",
    )
    assert accepted(**dict.fromkeys(names)) == accepted()


@pytest.mark.parametrize(
    ("asked_at", "expected", "flags"),
    [
        ("2026-11-02T11:55:00Z", NOW - timedelta(minutes=5), ()),
        ("2026-11-02T17:25:00+05:30", NOW - timedelta(minutes=5), ()),
        (1793620500, NOW - timedelta(minutes=5), ()),
        (1793620500000, NOW - timedelta(minutes=5), ()),
        ("2026-11-02T12:00:30Z", NOW, ()),
        ("2026-11-02T11:30:00Z", NOW - timedelta(minutes=10), ("asked_at_clamped",)),
        ("2026-11-02T15:00:00Z", NOW, ("clock_untrusted",)),
        ("2026-10-26T12:00:00Z", NOW, ("clock_untrusted",)),
        ("yesterday", NOW, ("clock_untrusted",)),
        (1e300, NOW, ("clock_untrusted",)),
        (True, NOW, ("clock_untrusted",)),
        ("0001-01-01T00:00:00+14:00", NOW, ("clock_untrusted",)),
        ("2026-11-02T11:55:00", NOW - timedelta(minutes=5), ("time_without_zone",)),
    ],
)
def test_fault_42_a_wrong_clock_is_clamped_and_flagged(asked_at, expected, flags):
    """A time that a bot sends is in the future or days old: it is held at the moment it came, and flagged."""
    taken = accepted(asked_at=asked_at)
    assert (taken.asked_at, taken.flags) == (expected, flags)


@pytest.mark.parametrize(
    ("started_at", "expected", "flags"),
    [
        ("2026-11-02T11:00:00Z", NOW - timedelta(hours=1), ()),
        ("2026-11-02T12:00:05Z", NOW, ()),
        ("2026-11-03T12:00:00Z", None, ("clock_untrusted",)),
        ("2026-09-02T12:00:00Z", None, ("clock_untrusted",)),
        ("soon", None, ("clock_untrusted",)),
    ],
)
def test_a_conversation_never_begins_after_its_handoff(started_at, expected, flags):
    taken = accepted(started_at=started_at)
    assert (taken.started_at, taken.flags) == (expected, flags)


@given(st.none() | st.text() | st.floats() | st.integers() | st.datetimes(timezones=st.just(UTC)).map(str))
def test_no_clock_however_wrong_refuses_a_handoff(value):
    taken = accepted(
        asked_at=value, started_at=value, transcript=[{"speaker": "bot", "text": "x", "at": value}]
    )
    assert NOW - timedelta(minutes=10) <= taken.asked_at <= NOW
    assert taken.started_at is None or taken.started_at <= taken.asked_at


def test_fault_51_ten_thousand_turns_are_taken_and_the_newest_kept():
    """A conversation of ten thousand turns is handed over: it is taken, and the newest turns are kept."""
    turns = [{"speaker": "customer", "text": str(number)} for number in range(10_000)]
    kept = accepted(transcript=turns).context.transcript
    assert (len(kept), kept[0].text, kept[-1].text) == (5_000, "5000", "9999")


@pytest.mark.parametrize(
    ("members", "pointer", "problem"),
    [
        ({"channel": "web"}, "/conversation_id", "is missing"),
        ({**LEAST, "channel": " "}, "/channel", "must not be empty"),
        ({**LEAST, "topic": "x" * 300}, "/topic", "must have at most 200 characters"),
        ({**LEAST, "customer": {"name": ["x"]}}, "/customer/name", "must be a text"),
        ({**LEAST, "transcript": [{"text": "x"}]}, "/transcript/0/speaker", "is missing"),
        ({**LEAST, "attempts": [{"outcome": "x"}]}, "/attempts/0/what", "is missing"),
        ({**LEAST, "fields": []}, "/fields", "must be an object"),
        ({**LEAST, "records": ["x"] * 201}, "/records", "must have at most 200 items"),
        ({**LEAST, "callback_url": "ftp://bot.example"}, "/callback_url", "must be an http or https address"),
        (
            {**LEAST, "callback_url": "javascript:alert(1)"},
            "/callback_url",
            "must be an http or https address",
        ),
        (
            {**LEAST, "callback_url": "https://u:p@bot.example"},
            "/callback_url",
            "must not hold a user name or password",
        ),
        (
            {**LEAST, "callback_url": "https://bot.example:99999/"},
            "/callback_url",
            "must be an http or https address",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(members, pointer, problem):
    refused = refusal(**members)
    assert (refused.status, refused.errors) == (422, ((pointer, problem),))


def test_a_refusal_repeats_no_value():
    refused = refusal(
        channel="hunter2" * 100, customer={"phone": "hunter2" * 20}, test="hunter2", fields="hunter2"
    )
    assert "hunter2" not in str(refused.document())
    assert len(refused.errors) == 5


def test_a_patch_changes_only_what_it_says():
    context = accepted(topic="refund", customer={"name": "Kiran", "tier": "gold"}, fields={"a": 1}).context
    patched = merge_patch(
        context, PatchRequest.model_validate({"customer": {"tier": "platinum"}, "fields": {"b": 2}}), NOW
    )
    assert patched.customer == Customer(name="Kiran", tier="platinum")
    assert (patched.topic, patched.fields) == ("refund", {"a": 1, "b": 2})


def test_an_empty_patch_changes_nothing():
    context = accepted(
        topic="refund", transcript=[{"speaker": "customer", "text": "hi"}], trigger="asked"
    ).context
    assert merge_patch(context, PatchRequest.model_validate({}), NOW) == context


def test_a_patch_adds_to_the_summary_and_keeps_the_unknown():
    patch = PatchRequest.model_validate({"summary": {"suspects": "fraud"}, "trigger": "value", "score": 7})
    patched = merge_patch(accepted(summary={"wants": "a refund"}).context, patch, NOW)
    assert patched.summary == Summary(wants="a refund", suspects="fraud")
    assert (patched.trigger.kind, patched.extra) == (TriggerKind.VALUE, {"score": 7})


def test_a_patch_with_a_transcript_keeps_the_messages_that_came_since():
    context = accepted(transcript=[{"speaker": "customer", "text": "hi"}]).context
    since = to_turns(MessagesRequest.model_validate({"messages": ["anyone?"]}), NOW)
    told = {"transcript": [{"speaker": "customer", "text": "hi"}, {"speaker": "bot", "text": "a moment"}]}
    patched = merge_patch(
        replace(context, transcript=(*context.transcript, *since)), PatchRequest.model_validate(told), NOW
    )
    assert [turn.text for turn in patched.transcript] == ["hi", "anyone?", "a moment"]


def test_a_patch_cannot_move_a_handoff_to_another_conversation():
    with pytest.raises(Problem) as caught:
        merge_patch(accepted().context, PatchRequest.model_validate({"conversation_id": "c-2"}), NOW)
    assert caught.value.errors[0][0] == "/conversation_id"


def test_a_whole_handoff_may_be_sent_again_as_a_patch():
    whole = {**LEAST, "topic": "refund"}
    assert merge_patch(accepted().context, PatchRequest.model_validate(whole), NOW).topic == "refund"


def test_messages_are_the_customers_unless_they_say_otherwise():
    turns = to_turns(
        MessagesRequest.model_validate({"messages": ["hello?", {"role": "bot", "text": "soon"}]}), NOW
    )
    assert [(turn.speaker, turn.text, turn.at) for turn in turns] == [
        (Speaker.CUSTOMER, "hello?", NOW),
        (Speaker.BOT, "soon", NOW),
    ]


def test_messages_must_not_be_empty():
    assert refusal(MessagesRequest, messages=[]).errors == (("/messages", "must have at least 1 items"),)


def test_a_withdrawal_needs_no_reason():
    assert WithdrawRequest.model_validate({}).reason is None


def test_a_bare_summary_is_what_the_customer_wants():
    assert accepted(summary="a refund").context.summary == Summary(wants="a refund")


@pytest.mark.parametrize("model", [HandoffRequest, PatchRequest, MessagesRequest, WithdrawRequest])
def test_the_contract_can_be_published(model):
    assert model.model_json_schema()["type"] == "object"


def test_the_published_example_is_accepted():
    example = HandoffRequest.model_json_schema()["examples"][0]
    assert isinstance(to_context(HandoffRequest.model_validate(example), NOW).context, Context)


@given(
    st.recursive(st.none() | st.booleans() | st.text() | st.integers() | st.floats(), st.lists, max_leaves=5)
)
def test_any_member_is_taken_or_refused_with_a_place(value):
    for name in HandoffRequest.model_fields:
        places = _refused_places(name, value)
        assert all(place.startswith(f"/{name}") for place in places)


def _refused_places(name, value):
    try:
        accepted(**{name: value})
    except ValidationError as error:
        return [place for place, _ in unusable(error).errors]
    return []
