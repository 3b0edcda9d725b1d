"""The documents are true: public names and commands have their lines, and every Python block runs."""

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from medsynth_aug.cli.app import build
from tests.guards.shipped import ROOT, label

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
WRITER = runpy.run_path(str(ROOT / "docs" / "reference.py"))
OPENINGS = {"```python": "```", "<!-- run": "-->"}


def blocks(page: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each Python block; `<!-- run … -->` holds set-up that a reader need not see."""
    closing, start, held = "", 0, list[str]()
    for number, line in enumerate(page.splitlines(), 1):
        if closing and line.strip() == closing:
            yield start, "\n".join(held)
            closing, held = "", []
        elif closing:
            held.append(line)
        elif line.strip() in OPENINGS:
            closing, start = OPENINGS[line.strip()], number


def run(page: str, name: str) -> None:
    """Run the blocks of a page in one namespace, in order."""
    namespace = {"__name__": "__page__"}
    for line, code in blocks(page):
        exec(compile("\n" * line + code, name, "exec"), namespace)


def test_blocks_share_a_namespace_and_hidden_ones_set_the_stage() -> None:
    run("<!-- run\nx = 1\n-->\ntext\n```python\ny = x + 1\n```\n```python\nassert y == 2\n```", "page")
    with pytest.raises(AssertionError):
        run("```python\nassert False\n```", "page")


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_python_block_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    run(page.read_text(), str(page))


@pytest.mark.parametrize("script", EXAMPLES, ids=label)
def test_every_example_runs(script: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_public_name_has_a_docstring() -> None:
    bare = [
        f"{module.__name__}.{name}"
        for module in WRITER["modules"]()
        for name in WRITER["public_names"](module)
        if not WRITER["summary"](module, name)
    ]
    assert not bare


def test_the_reference_says_what_the_docstrings_say() -> None:
    written, current = WRITER["TARGET"].read_text().splitlines(), WRITER["reference"]().splitlines()
    assert written == current, "docs/reference.md is behind the code: run `make reference`"


@pytest.mark.parametrize("command", sorted(typer.main.get_command(build()).commands))  # type: ignore[attr-defined]
def test_every_command_has_its_place_in_the_docs(command: str) -> None:
    assert f"\n## medsynth {command}\n" in (ROOT / "docs" / "commands.md").read_text()
