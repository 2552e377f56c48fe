"""The server's programs run as an account without rights, wherever the checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from postgres_server import ACCOUNT, copy_within_reach, may_run


@pytest.fixture
def closed_site(tmp_path):
    """A folder shaped like the wheel, which only its owner may enter."""
    tmp_path.chmod(0o700)
    programs = tmp_path / "wheel" / "install" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").write_text("#!/bin/sh\necho initdb here\n")
    (programs / "initdb").chmod(0o755)
    return programs


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server another account")
def test_programs_in_a_closed_folder_are_out_of_reach(closed_site):
    assert not may_run(closed_site)


def test_a_copy_is_within_reach_and_has_the_same_shape(closed_site):
    copy = copy_within_reach(closed_site)
    try:
        said = subprocess.run([copy / "initdb"], user=ACCOUNT, capture_output=True, text=True, check=True)
        assert said.stdout == "initdb here\n"
        assert copy.parts[-3:] == ("wheel", "install", "bin")
    finally:
        shutil.rmtree(copy.parents[2])
