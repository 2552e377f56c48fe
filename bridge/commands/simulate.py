"""`handoff simulate`: a day of the whole bridge against the stand-ins, in virtual time."""

from __future__ import annotations

import argparse
import logging

import structlog

from bridge.commands.outcome import Commands, Refused, add_command, print_json

CONVERSATIONS = 5_000
HOURS = 24.0


def add_to(commands: Commands) -> None:
    simulate = add_command(
        commands,
        "simulate",
        "a day of the whole bridge against the stand-ins, in virtual time; exits with 1 when a rule is broken",
        "handoff simulate --day --seed 7",
        _simulate,
    )
    simulate.add_argument("--day", action="store_true", help="a whole day, which is the default")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed plays the same day (1)")
    simulate.add_argument(
        "--conversations", type=int, default=CONVERSATIONS, help=f"40 %% are handed over ({CONVERSATIONS})"
    )
    simulate.add_argument("--hours", type=float, default=HOURS, help="a shorter day is as busy (24)")
    simulate.add_argument("--helpdesk", choices=("zendesk", "freshdesk"), default="zendesk")
    simulate.add_argument("--calm", action="store_true", help="leave out everything that goes wrong")
    simulate.add_argument("--json", action="store_true", help="print one JSON object")


def _simulate(given: argparse.Namespace) -> int:
    """Exit with 1 when a rule was broken. Raises Refused for a day that cannot be."""
    from sandbox.simulation.day import Plan, simulate
    from sandbox.simulation.figures import as_text

    if given.conversations < 1:
        raise Refused("--conversations must be 1 or more")
    if not 0 < given.hours <= HOURS:
        raise Refused("--hours must be more than 0 and at most 24")
    _say_nothing()
    plan = Plan(
        seed=given.seed,
        conversations=given.conversations,
        hours=HOURS if given.day else given.hours,
        helpdesk=given.helpdesk,
        calm=given.calm,
    )
    figures = simulate(plan)
    if given.json:
        print_json(figures.document())
    else:
        print(as_text(figures), end="")
    return 1 if figures.broken else 0


def _say_nothing() -> None:
    """Leave the log empty: what goes wrong goes wrong on purpose, thousands of times."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger().addHandler(logging.NullHandler())
