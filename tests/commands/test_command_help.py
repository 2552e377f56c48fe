"""Every command explains itself, with an example that can be typed."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from bridge.cli import parser


def commands(of: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command below `of` by its full name."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                full = f"{name} {word}".strip()
                yield full, inner
                yield from commands(inner, full)


ALL = dict(commands(parser()))


def example_of(command: argparse.ArgumentParser) -> str:
    found = re.search(r"example: (.+)", command.format_help())
    assert found, command.format_help()
    return found[1]


def test_the_commands_are_those_of_the_manual():
    assert {"run", "web", "worker", "migrate", "check", "route", "report", "demo", "sandbox"} <= set(ALL)
    assert {"roster who", "keys create", "keys list", "keys revoke", "secrets new"} <= set(ALL)


def test_the_help_of_all_names_a_command_to_begin_with(handoff):
    told = handoff("--help")
    assert told.status == 0
    assert "Try `handoff demo`" in told.out


@pytest.mark.parametrize("name", ALL)
def test_each_help_has_an_example_that_is_accepted(name):
    example = example_of(ALL[name])
    typed = re.sub(r"^export \w+=\$\((.+)\)$", r"\1", re.sub(r"^[A-Z]+=\S+ ", "", example))
    words = shlex.split(typed)
    assert words[0] == "handoff"
    assert typed.startswith(f"handoff {name}")
    assert callable(parser().parse_args(words[1:]).run)


@pytest.mark.parametrize("name", ALL)
def test_each_help_is_shown_and_ends_well(handoff, name):
    told = handoff(*name.split(), "--help")
    assert (told.status, told.err) == (0, "")
    assert "example: " in told.out
