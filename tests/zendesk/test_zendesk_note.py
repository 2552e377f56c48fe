"""The private note: everything is shown, nothing in it is carried out, nothing is cut in silence."""

from __future__ import annotations

import pytest

from bridge.handoffs.model import Speaker, Turn
from connectors.base import Note, Once
from connectors.errors import Busy
from connectors.note_html import harmless
from connectors.zendesk.note import OUR_LONGEST_BODY_BYTES, subject_line, written

TRAP = "{{ticket.requester.email}}"


def note(*said: str, lines: tuple[str, ...] = ("A line",)) -> Note:
    return Note(lines=lines, transcript=tuple(Turn(speaker=Speaker.CUSTOMER, text=text) for text in said))


def test_markup_of_a_customer_is_shown_and_not_obeyed():
    assert "&lt;script&gt;" in written(note("<script>alert(1)</script>")).body


def test_lines_of_a_message_stay_lines():
    assert "one<br>two" in written(note("one\r\ntwo")).body


@pytest.mark.parametrize("text", [TRAP, "{{{a}}}", "{%if x%}", "{ {{x}} }"])
def test_no_placeholder_is_left_whole(text):
    shown = harmless(text)
    assert "{{" not in shown
    assert "{%" not in shown
    assert shown.replace("\u200b", "") == text


def test_control_characters_are_taken_out():
    assert harmless("a\x00b\x1bc\ud800d\te\n") == "abcd\te\n"


def test_a_subject_is_one_line_that_fits():
    assert subject_line("a\n b") == "a b"
    assert len(subject_line("ä" * 400)) == 150


def test_trap_2_a_body_is_measured_in_bytes():
    """Half of the characters that would fit if each were one byte, and still too long."""
    fits, too_long = written(note("ж" * 28_000)), written(note("ж" * 31_000))
    assert fits.file is None
    assert too_long.file is not None
    assert len(too_long.body.encode()) <= OUR_LONGEST_BODY_BYTES


def test_a_file_holds_the_conversation_as_it_was_said():
    long = written(note(TRAP, "ж" * 40_000))
    assert TRAP in long.file.decode()
    assert "2 messages" in long.body


def test_a_huge_fact_does_not_push_the_lines_out():
    facts = tuple((f"Fact {number}", "x" * 30_000) for number in range(5))
    long = written(Note(lines=("The line",), facts=facts))
    assert long.body.startswith("<p>The line</p>")
    assert len(long.body.encode()) <= OUR_LONGEST_BODY_BYTES


def test_trap_2_a_placeholder_a_customer_typed_pulls_nothing_out(desk, helpdesk, draft, once):
    told = note(TRAP, "&#123;&#123;ticket.requester.email}}", lines=(TRAP,))
    document = {"topic": TRAP, "summary": {"wants": TRAP}}
    outcome = helpdesk.open_ticket(draft(note=told, document=document), once)
    (comment,) = desk.comments(outcome.ref.id)
    assert "lena@customer.example" not in comment["body"] + desk.tickets[0]["subject"]
    assert "{{" not in desk.tickets[0]["subject"] + str(desk.tickets[0]["custom_fields"])


def test_the_stand_in_really_fills_in_what_an_agent_writes(desk, helpdesk, draft, once):
    ref = helpdesk.open_ticket(draft(), once).ref
    desk.zendesk.reply(int(ref.id), 3601, f"Mail {TRAP}")
    assert desk.comments(ref.id)[-1]["body"] == "Mail lena@customer.example"


def test_a_long_conversation_is_attached_whole(desk, helpdesk, draft, once):
    said = ["Füße " * 2_000, "The end"] * 12
    outcome = helpdesk.open_ticket(draft(note=note(*said)), once)
    (comment,) = desk.comments(outcome.ref.id)
    (file,) = comment["attachments"]
    assert file["file_name"] == "conversation-hof_0001.txt"
    assert file["content"].count("The end") == 12
    assert outcome.problems == ()


def test_a_retry_with_another_file_is_the_same_ticket(desk, helpdesk, draft, once):
    long = draft(note=note("x" * 100_000))
    first = helpdesk.open_ticket(long, once)
    assert helpdesk.open_ticket(long, once).ref == first.ref
    assert len(desk.tickets) == 1


def test_a_file_that_may_not_have_arrived_means_start_again(desk, helpdesk, draft, once):
    desk.goes_wrong("POST /api/v2/uploads*", "reset_after")
    with pytest.raises(Busy):
        helpdesk.open_ticket(draft(note=note("x" * 100_000)), once)
    assert desk.tickets == []


def test_a_refused_file_costs_the_file_and_not_the_ticket(desk, helpdesk, draft, once):
    desk.goes_wrong("POST /api/v2/uploads*", "status", status=422)
    outcome = helpdesk.open_ticket(draft(note=note("x" * 100_000)), once)
    assert "file was refused" in outcome.problems[0]
    assert len(desk.tickets) == 1


def test_a_long_note_on_a_later_change_is_attached_too(desk, helpdesk, draft, change, once):
    ref = helpdesk.open_ticket(draft(), once).ref
    helpdesk.update_ticket(ref, change(note=note("x" * 100_000)), Once(key="dlv_2"))
    assert len(desk.comments(ref.id)[-1]["attachments"]) == 1
