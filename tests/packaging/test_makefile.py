"""`make` finds a fitting Python and says clearly when there is none."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest


def make(root: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make on a copy of the Makefile in another folder, as if no other make were around it."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(root / name, folder / name)
    alone = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(["make", *arguments], cwd=folder, env=alone, capture_output=True, text=True)


@pytest.mark.parametrize("python", ["", "/bin/false"])
def test_a_python_that_does_not_fit_is_refused_before_anything_is_made(
    root: Path, tmp_path: Path, python: str
) -> None:
    done = make(root, tmp_path, f"PYTHON={python}", "test")
    assert done.returncode != 0
    assert "3.11, 3.12 or 3.13" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_two_commands_do_their_own_set_up(root: Path, tmp_path: Path) -> None:
    for target in ("demo", "test", "check", "soak"):
        assert "-m venv .venv" in make(root, tmp_path, "--dry-run", target).stdout


@pytest.mark.parametrize(("age_s", "installs"), [(-60, False), (60, True)])
def test_an_environment_is_installed_again_only_if_the_constraints_are_newer(
    root: Path, tmp_path: Path, age_s: int, installs: bool
) -> None:
    stamp = tmp_path / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()
    written = time.time() - age_s
    os.utime(stamp, (written, written))
    shown = make(root, tmp_path, "--dry-run", "test").stdout
    assert ("pip install" in shown) is installs
    assert "pytest" in shown


def test_every_target_says_what_it_is_for(root: Path, tmp_path: Path) -> None:
    shown = make(root, tmp_path, "help").stdout
    for target in ("demo", "test", "check", "soak"):
        assert f"make {target}\t" in shown
