"""The command line starts fast, teaches, and answers a mistake with one line."""

import json
import subprocess
import sys
import time
from importlib.metadata import EntryPoint

import pytest

from medsynth_aug.cli import app
from medsynth_aug.errors import BankReadOnlyError
from medsynth_aug.lesions import lesion_names
from medsynth_aug.version import __version__


def run(*arguments: str) -> int:
    """Exit code of the command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        app.main(arguments)
    return int(ended.value.code or 0)


def offer(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Make an installed distribution seem to offer a command named `extra`."""
    found = [EntryPoint("extra", value, app.ENTRY_POINTS)]
    monkeypatch.setattr(app, "entry_points", lambda group: found if group == app.ENTRY_POINTS else [])


def refuse() -> None:
    """Fail as a full house would."""
    raise BankReadOnlyError("the bank [bank/] cannot be written; give a folder of your own")


def test_help_answers_within_a_second() -> None:
    durations = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "medsynth_aug.cli", "--help"], check=True, capture_output=True)
        durations.append(time.perf_counter() - began)
    assert min(durations) < 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"medsynth-aug {__version__}\n"


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    shown = capsys.readouterr()
    assert "lesions" in shown.out + shown.err


@pytest.mark.parametrize("command", app.COMMANDS, ids=lambda command: command.__name__)
def test_every_command_teaches_with_an_example(command: object) -> None:
    assert "Example" in (command.__doc__ or "")


def test_the_catalogue_lists_every_lesion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lesions") == 0
    shown = capsys.readouterr().out
    assert all(name.split()[0] in shown for name in lesion_names())


def test_one_lesion_is_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lesions", "nodule") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "nodule"


def test_a_mistake_is_one_line_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lesions", "cyst") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: lesion 'cyst' is not registered")
    assert shown.err.count("\n") == 1


def test_an_integration_adds_its_command_and_its_errors_read_alike(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "_refuse_for_tests", refuse, raising=False)
    offer(monkeypatch, "medsynth_aug.cli.app:_refuse_for_tests")
    assert run("extra") == 2
    assert capsys.readouterr().err == "error: the bank [bank/] cannot be written; give a folder of your own\n"


def test_an_integration_that_does_not_load_is_named_and_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(monkeypatch, "medsynth_nowhere.cli:command")
    assert run("--version") == 0
    shown = capsys.readouterr()
    assert "medsynth extra is not available: No module named 'medsynth_nowhere'" in shown.err
    assert __version__ in shown.out
