"""`handoff notices preview`, and what `handoff check` and a start say of files of notices."""

from __future__ import annotations

import pytest

from bridge.notices.model import NoticeKind
from bridge.notices.reading import SHIPPED


@pytest.fixture
def own_notices(tmp_path):
    """Return how to make a folder of own mappings with an English file changed in one place."""

    def make(old: str, new: str) -> str:
        folder = tmp_path / "own"
        (folder / "notices").mkdir(parents=True)
        text = (SHIPPED / "en.yaml").read_text(encoding="utf-8")
        assert old in text
        (folder / "notices" / "en.yaml").write_text(text.replace(old, new), encoding="utf-8")
        return str(folder)

    return make


def test_each_notice_is_shown_as_a_customer_would_read_it_with_its_file(handoff):
    told = handoff("notices", "preview", "--locale", "hi")
    assert told.status == 0
    assert "mappings/notices/hi.yaml" in told.out
    assert "आपकी बातचीत Asha के पास है। आपको 17:45 बजे (IST) तक जवाब मिल जाएगा।" in told.out
    assert "टीम रविवार, 22 नवंबर को 17:30 बजे (IST) वापस आएगी।" in told.out


def test_all_locales_are_shown_unless_one_is_named(handoff):
    told = handoff("notices", "preview", "--json", HANDOFF_DESK=None)
    assert [one["locale"] for one in told.json] == ["en", "hi"]
    assert list(told.json[0]["notices"]) == [kind.value for kind in NoticeKind]
    assert told.json[0]["notices"]["kept"] == "Asha has your conversation and will answer by 12:15 (UTC)."


def test_a_locale_without_notices_is_refused_with_those_there_are(handoff):
    told = handoff("notices", "preview", "--locale", "ta")
    assert (told.status, told.out) == (2, "")
    assert "there are no notices for ta; there are en, hi" in told.err


def test_own_notices_are_shown_in_place_of_the_shipped(handoff, own_notices):
    folder = own_notices("has joined your conversation", "is with you")
    told = handoff("notices", "preview", "--locale", "en", HANDOFF_MAPPINGS=folder)
    assert "Ravi is with you." in told.out
    assert f"{folder}/notices/en.yaml" in told.out


def test_a_mistake_in_own_notices_is_told_with_what_would_do(handoff, own_notices):
    folder = own_notices("{{ person }}", "{{ persn }}")
    told = handoff("notices", "preview", HANDOFF_MAPPINGS=folder)
    assert told.status == 2
    assert "notices.joined: may not put in 'persn'; did you mean 'person'?" in told.err


def test_the_check_tells_of_a_mistake_in_notices(handoff, own_notices):
    folder = own_notices("{{ person }}", "{{ persn }}")
    told = handoff("check", "--json", HANDOFF_MAPPINGS=folder)
    assert told.status == 2
    (error,) = [one for one in told.json if one["severity"] == "error"]
    assert error["where"].endswith("en.yaml:33 notices.joined")
    assert error["problem"] == "may not put in 'persn'"


def test_the_check_warns_of_a_desks_language_without_notices(handoff, desk_file):
    desk_file.write_text(f"language: ta\n{desk_file.read_text()}")
    told = handoff("check", "--json")
    assert told.status == 1
    assert any(one["where"] == "language" and "no notices for ta" in one["problem"] for one in told.json)


def test_a_desks_language_that_has_notices_is_good(handoff, desk_file):
    desk_file.write_text(f"language: hi-IN\n{desk_file.read_text()}")
    assert not any(one["where"] == "language" for one in handoff("check", "--json").json)


@pytest.mark.parametrize("command", ["web", "worker", "run"])
def test_no_process_starts_with_notices_that_cannot_be_used(handoff, own_notices, command):
    folder = own_notices("{{ person }}", "{{ ''.__class__ }}")
    handoff("migrate")
    told = handoff(command, HANDOFF_MAPPINGS=folder)
    assert told.status == 2
    assert "notices.joined: \"{{ ''.__class__ }} has joined your conversation.\" does more" in told.err
