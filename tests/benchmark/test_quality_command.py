"""Films are found by their table, and mistakes are told before anything is painted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medsynth_aug.benchmark.quality import read_films
from medsynth_aug.cli import main
from medsynth_aug.errors import LabelError, SettingError, UnreadableFileError
from tests.benchmark.phantoms import write_films
from tests.diffusion.conftest import write_starter_like


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films(tmp_path_factory.mktemp("data") / "films", normal=6)


def run(*arguments: str | Path) -> int:
    """Exit code of the command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_only_normal_films_are_taken_and_one_a_patient(data: Path, tmp_path: Path) -> None:
    assert len(read_films(data, count=24)) == 6
    taken = read_films(write_films(tmp_path / "films", normal=6, patients=3), count=24)
    assert sorted(film.patient for film in taken) == ["patient 0", "patient 1", "patient 2"]


def test_a_seed_decides_which_films_are_taken(data: Path) -> None:
    def taken(seed: int) -> list[str]:
        return [film.patient for film in read_films(data, count=3, seed=seed)]

    assert taken(0) == taken(0)
    assert len({tuple(taken(seed)) for seed in range(5)}) > 1


def test_rows_are_taken_by_the_value_of_a_column(data: Path) -> None:
    taken = read_films(data / "labels.csv", count=24, where={"split": "test"})
    assert {film.patient for film in taken} == {"patient 1", "patient 3", "patient 5"}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda data: read_films(data / "absent", count=1), UnreadableFileError, "labels.csv does not exist"),
        (lambda data: read_films(data, count=0), SettingError, "0 films were asked for"),
        (
            lambda data: read_films(data, count=1, normal="healthy"),
            LabelError,
            "no film with label = 'healthy'; label is one of nodule, normal",
        ),
        (lambda data: read_films(data, count=1, where={"pool": "eval"}), LabelError, "has no column pool"),
        (
            lambda data: read_films(data, count=1, where={"split": "val"}),
            LabelError,
            "no film with label = 'normal' and split = 'val'",
        ),
    ],
)
def test_films_that_are_not_there_are_named(
    data: Path, call: Callable[[Path], object], error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        call(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quality", "--data", "absent"], "labels.csv does not exist"),
        (["controls", "--data", "absent"], "labels.csv does not exist"),
        (["quality", "--data", "absent", "--lesion", "cyst"], "'cyst' is not registered"),
        (["quality", "--data", "absent", "--steps", "few"], "--steps is 'few'; write whole numbers"),
        (["quality", "--data", "absent", "--delta", "ssim"], "--delta is 'ssim'; write NAME=VALUE"),
        (["quality", "--data", "absent", "--delta", "ssim=low"], "--delta holds 'low'; give a number"),
        (["--repeats", "5", "quality", "--data", "absent"], "--repeats stands before quality"),
        (["--repeats", "0"], "repeats is 0"),
    ],
)
def test_a_mistake_is_told_before_a_checkpoint_is_opened(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("benchmark", *arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("word", ["quality", "controls"])
def test_the_command_writes_what_it_measured(
    word: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = write_starter_like(tmp_path / "tiny")
    out = tmp_path / "report.json"
    steps = ("--steps", "1,2" if word == "quality" else "1")
    common = ("--films", "1", "--lesion", "nodule", "--checkpoint", checkpoint, "--device", "cpu")
    assert run("benchmark", word, "--data", data, "--out", out, *steps, *common) == 0
    report = json.loads(out.read_text())
    assert report["schema"] == f"medsynth-benchmark-{word}"
    assert report["films"] == 1
    assert "nodule: n = 1 draws in 1 patients" in " ".join(capsys.readouterr().out.split())
