"""Whatever customers, bots and vendors write, Slack is called by nobody but us: no mention, no dressed link."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from fuzzing import tries
from hypothesis import given
from hypothesis import strategies as st

from bridge.handoffs.model import TicketRef
from connectors.chat import Card, CardState, Notice
from connectors.slack.blocks import BLOCKS_LIMIT, SECTION_LIMIT
from connectors.slack.card import card_post
from connectors.slack.mrkdwn import length
from connectors.slack.notice import notice_post
from connectors.slack.people import Tagged

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWNER = "<@U07ASHA>"
#: what we may write ourselves: the owner's mention, and times that each reader sees in the own zone
OURS = re.compile(r"<@U07ASHA>|<!date\^\d+\^[^|<>]*\|[^<>]*>")

hostile = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "<!channel>", "<!here>", "<!everyone|x>", "<!subteam^S07ABC>", "<@U07MEERA>", "<#C07ABC>",
                "<https://evil.example|your bank>", "<mailto:a@b.example|us>", "&lt;!channel&gt;", "&", "<", ">",
                "|", "*", "_", "~", "`", "```", "\n", "\r\n> quoted", "\u2028", "\u202e", "\x00", "\ud800",
                "@channel", "<!date^1^{date}|x>", "\\", "'", '"', "\u200d", "🏳️‍🌈", "क्षि",
            ]
        ),
        st.text(max_size=40),
        st.text(alphabet="<>&|!@#^*_~`", max_size=30),
    ),
    max_size=30,
).map("".join)  # fmt: skip


@st.composite
def cards(draw: st.DrawFn) -> Card:
    maybe = st.none() | hostile
    ticket = (
        TicketRef(connection="zendesk", id=draw(hostile), url=draw(maybe)) if draw(st.booleans()) else None
    )
    return Card(
        handoff_id="ho_1",
        channel="C0MORNING",
        state=draw(st.sampled_from(CardState)),
        lines=(draw(hostile), draw(hostile)),
        reason=draw(hostile),
        waiting_since=NOON - timedelta(minutes=12),
        promised_at=NOON + timedelta(minutes=15),
        customer=draw(maybe),
        topic=draw(maybe),
        built=draw(st.booleans()),
        ticket=ticket,
        claimed_by=draw(maybe),
        answered_by=draw(maybe),
        answered_at=draw(st.none() | st.just(NOON)),
        closing=draw(maybe),
        flags=tuple(draw(st.lists(hostile, max_size=3))),
    )


def texts(block):
    """Yield every text that Slack would format or show."""
    if isinstance(block, dict):
        if isinstance(block.get("text"), str):
            yield block["text"]
        for inner in block.values():
            yield from texts(inner)
    elif isinstance(block, list | tuple):
        for inner in block:
            yield from texts(inner)


def says_only_ours(post):
    for text in [post.text, *texts(list(post.blocks))]:
        rest = OURS.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert not re.search("&(?!amp;|lt;|gt;)", rest)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\ud800-\udfff]", rest)
        assert length(text) <= SECTION_LIMIT
    json.dumps(post.blocks, ensure_ascii=False).encode()
    assert len(post.blocks) <= BLOCKS_LIMIT


@given(card=cards(), may_repeat=st.booleans())
@tries(60)
def test_fault_54_a_card_calls_nobody_but_its_owner(card, may_repeat):
    """Any text at all stands in any part of a card: it calls nobody, opens no dressed link and fits Slack's limits."""
    post = card_post(card, owner=OWNER, lead=None, now=NOON, may_repeat=may_repeat)
    says_only_ours(post)
    links = [button["url"] for button in _buttons(post) if "url" in button]
    assert links in ([], [card.ticket and card.ticket.url])


def _buttons(post):
    return [element for block in post.blocks if block["type"] == "actions" for element in block["elements"]]


@given(text=hostile, group=st.none() | hostile)
@tries(60)
def test_fault_54_a_notice_calls_nobody_but_whom_it_tags(text, group):
    """Any text at all stands in a notice: it calls those it is meant to tag, and nobody else."""
    tagged = Tagged(labels=(OWNER,), mentions={"asha": OWNER})
    group = None if group and re.fullmatch("S[A-Z0-9]{2,30}", group) else group
    says_only_ours(notice_post(Notice(text=text, tag_group=group), tagged, may_repeat=False))
