"""The wheel is complete: it builds, stays small, and works where the checkout is not."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

MEGABYTE = 1_000_000


def call(*command: str | Path, cwd: Path) -> str:
    """Output of a command that must succeed, run without this process's Python settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, root, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a fresh environment that holds the wheel and sees this one's other packages."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False)
    bin_ = home / ("Scripts" if os.name == "nt" else "bin")
    pip = (sys.executable, "-m", "pip", "--python", bin_ / "python")
    call(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(call(bin_ / "python", "-c", where, cwd=home).strip())
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin_


def packages(root: Path) -> list[str]:
    """Import names of the packages that the wheel must hold."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    return [Path(path).name for path in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]]


def test_the_wheel_stays_under_95_megabytes(wheel: Path) -> None:
    assert wheel.stat().st_size < 95 * MEGABYTE


def test_the_wheel_holds_types_and_licence_and_nothing_foreign(wheel: Path, root: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for package in packages(root):
        assert f"{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(packages(root))


def test_every_tracked_file_of_the_packages_is_in_the_wheel(wheel: Path, root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = call("git", "ls-files", "medsynth_aug", cwd=root).split() if (root / ".git").exists() else []
    assert not [name for name in tracked if (root / name).exists() and name not in names]


def test_the_installed_wheel_imports_from_its_own_place(installed: Path, root: Path, tmp_path: Path) -> None:
    names = packages(root)
    code = f"import {', '.join(names)}; print(*(m.__file__ for m in ({', '.join(names)},)))"
    for place in call(installed / "python", "-c", code, cwd=tmp_path).split():
        assert Path(place).is_relative_to(installed.parent)


def test_the_installed_command_answers(installed: Path, tmp_path: Path) -> None:
    from medsynth_aug import __version__

    assert "medsynth" in call(installed / "medsynth", "--help", cwd=tmp_path)
    assert __version__ in call(installed / "medsynth", "--version", cwd=tmp_path)
    assert "pneumothorax" in call(installed / "medsynth", "lesions", cwd=tmp_path)
