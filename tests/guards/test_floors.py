"""Imports only go down the floors of the house; integrations stand beside it and never on one another."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.guards.shipped import (
    CORE,
    CORE_FILES,
    FILES,
    INTEGRATION_FILES,
    INTEGRATION_NAMES,
    INTEGRATIONS,
    imports,
    label,
    module_name,
)

FLOORS = (
    ("version",),
    ("errors",),
    ("types",),
    ("anatomy",),
    ("lesions",),
    ("conditioning",),
    ("synthesis",),
    ("diffusion",),
    ("bank",),
    ("data",),
    ("evaluation",),
    ("review", "training"),
    ("corpus", "benchmark", "testing"),
    ("demo",),
    ("cli",),
)
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}
ROOF = len(FLOORS)
USES_DIFFUSERS = {"diffusion", "training", "benchmark"}


def room(dotted: str) -> str:
    """The part of the package that a dotted name lies in; the package itself is the roof."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in HEIGHT else ""


def height(dotted: str) -> int:
    return HEIGHT.get(room(dotted), ROOF)


def climbs(importer: str, imported: str) -> bool:
    """True if an import inside the package goes up or sideways."""
    return room(importer) != room(imported) and height(imported) >= height(importer)


@pytest.mark.parametrize(
    ("importer", "imported", "up"),
    [
        ("medsynth_aug.data.planning.plan", "medsynth_aug.bank.SampleBank", False),
        ("medsynth_aug.data.planning.plan", "medsynth_aug.data.items.labels.infer", False),
        ("medsynth_aug.bank.store", "medsynth_aug.data.planning.plan", True),
        ("medsynth_aug.training.fit", "medsynth_aug.review.policy", True),
        ("medsynth_aug.cli.app", "medsynth_aug.Lesion", True),
        ("medsynth_aug", "medsynth_aug.cli.main", False),
    ],
)
def test_the_guard_tells_up_from_down(importer: str, imported: str, up: bool) -> None:
    assert climbs(importer, imported) is up


def test_every_room_of_the_package_has_a_floor() -> None:
    rooms = {path.stem for path in CORE.glob("*.py")} | {
        path.parent.name for path in CORE.glob("*/__init__.py")
    }
    assert rooms - {"__init__"} <= HEIGHT.keys()


@pytest.mark.parametrize("path", CORE_FILES, ids=label)
def test_imports_only_go_down(path: Path) -> None:
    importer = module_name(path)
    wrong = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.split(".")[0] == "medsynth_aug" and climbs(importer, name)
    ]
    assert not wrong, f"{label(path)} imports from above: {wrong}"


@pytest.mark.parametrize("path", FILES, ids=label)
def test_diffusers_is_imported_where_diffusion_lives_and_nowhere_else(path: Path) -> None:
    if room(module_name(path)) not in USES_DIFFUSERS:
        assert "diffusers" not in {name.split(".")[0] for _, name in imports(path)}


@pytest.mark.parametrize("path", CORE_FILES, ids=label)
def test_core_never_imports_an_integration(path: Path) -> None:
    assert not {name.split(".")[0] for _, name in imports(path)} & INTEGRATION_NAMES


@pytest.mark.parametrize("path", INTEGRATION_FILES, ids=label)
def test_integrations_never_import_each_other(path: Path) -> None:
    others = INTEGRATION_NAMES - {module_name(path).split(".")[0]}
    assert not {name.split(".")[0] for _, name in imports(path)} & others


@pytest.mark.parametrize("folder", INTEGRATIONS, ids=label)
def test_rooms_of_an_integration_never_import_in_a_circle(folder: Path) -> None:
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}

    def room_of(dotted: str) -> str:
        return next((part for part in dotted.split(".")[1:2] if part in rooms), "")

    below: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        importer = room_of(module_name(path))
        own = {room_of(name) for _, name in imports(path) if name.split(".")[0] == folder.name}
        below.setdefault(importer, set()).update(own - {importer})
    TopologicalSorter(below).prepare()  # raises CycleError, which names the rooms


def loaded_after(statements: str) -> set[str]:
    """Top-level names of the modules that a fresh process holds after some statements."""
    code = f"import sys; {statements}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_after("import medsynth_aug, medsynth_aug.cli") & {
        "torch",
        "numpy",
        "diffusers",
        "monai",
    }


def test_reading_a_bank_loads_no_diffusers() -> None:
    loaded = loaded_after("import medsynth_aug.bank, medsynth_aug.data")
    assert "medsynth_aug" in loaded
    assert not loaded & {"diffusers", "transformers"}


def test_no_part_of_core_loads_an_integration() -> None:
    rooms = sorted(f"medsynth_aug.{path.parent.name}" for path in CORE.glob("*/__init__.py"))
    assert not loaded_after(f"import {', '.join(rooms)}") & INTEGRATION_NAMES
