"""Each mistake a file of notices can hold, a file for each; its first line says where it is and what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.desk.mistakes import DeskRefused
from bridge.notices.reading import NoticesRefused, load_notices, read_wording

BAD = Path(__file__).parent / "bad"
EXPECTED = re.compile(r"# (?P<line>\d+) (?P<key>[^:]*): (?P<problem>.+)")
FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_its_one_mistake(path):
    expected = EXPECTED.fullmatch(path.read_text().partition("\n")[0])
    assert expected is not None

    with pytest.raises(DeskRefused) as refused:
        read_wording(path.read_text(), path.name, "xx")

    (mistake,) = refused.value.mistakes
    assert mistake.key == expected["key"]
    assert expected["problem"] in mistake.problem
    assert mistake.remedy
    assert mistake.file == path.name
    if path.stem != "not_yaml":  # where a quote left open is noticed is the parser's choice
        assert mistake.line == int(expected["line"])


def own(folder: Path, **files: str) -> Path:
    (folder / "notices").mkdir()
    for name, text in files.items():
        (folder / "notices" / name.replace("__", ".")).write_text(text)
    return folder


def test_the_mistakes_of_all_files_are_told_together_with_their_paths(tmp_path):
    name_unknown, missing = (BAD / f"{stem}.yaml" for stem in ("name_unknown", "notice_missing"))
    folder = own(tmp_path, ta__yaml=name_unknown.read_text(), hi__yaml=missing.read_text())

    with pytest.raises(NoticesRefused) as refused:
        load_notices(folder)

    said = str(refused.value).splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"{folder / 'notices' / 'hi.yaml'}:2: notices.kept: is missing; add it")
    assert said[1].endswith("notices.kept: may not put in 'ownr'; did you mean 'owner'?")


@pytest.mark.parametrize("name", ["hindi file.yaml", "hi.yml", "x.yaml"])
def test_a_file_that_is_not_named_after_a_locale_is_told_and_not_passed_over(tmp_path, name):
    folder = own(tmp_path, **{name: "notices: {}"})

    with pytest.raises(NoticesRefused, match="is not named after a locale; call it hi"):
        load_notices(folder)


def test_two_files_for_one_locale_are_refused(tmp_path, shipped):
    folder = own(tmp_path, **{"pt-BR.yaml": shipped("en"), "pt_br.yaml": shipped("en")})

    with pytest.raises(NoticesRefused) as refused:
        load_notices(folder)

    assert "pt_br.yaml" in str(refused.value)
