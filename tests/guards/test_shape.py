"""Files stay short, and every folder that should ship is in the wheel's list."""

import tomllib
from pathlib import Path

import pytest

from tests.guards.shipped import CORE, FILES, INTEGRATIONS, ROOT, label

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_file_is_longer_than_300_lines() -> None:
    long = [label(path) for path in [*FILES, *ROOT.glob("tests/**/*.py")] if len(_lines(path)) > 300]
    assert not long


@pytest.mark.parametrize("folder", [CORE, *INTEGRATIONS], ids=label)
def test_every_package_ships_with_its_types(folder: Path) -> None:
    packaged = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert label(folder) in packaged
    assert folder.name in PROJECT["tool"]["mypy"]["packages"]
    assert (folder / "py.typed").is_file()


@pytest.mark.parametrize("folder", INTEGRATIONS, ids=label)
def test_no_integration_bears_the_name_of_another_project(folder: Path) -> None:
    assert folder.name.startswith("medsynth_")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
