"""`medsynth generate` carries a saved plan out, alone or over ranks, without the data set."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.data import Plan
from tests.cli.test_plan_command import run


@pytest.fixture
def planned(root: Path, tmp_path: Path) -> Path:
    """A folder with a plan of four nodules and six shams, and a bank with copies of their backgrounds."""
    films = tmp_path / "films"
    for name, first, last in (("normal", 0, 6), ("nodule", 6, 8)):
        (films / name).mkdir(parents=True)
        for path in sorted((root / "examples/data/images").glob("ker_*"))[first:last]:
            shutil.copy(path, films / name)
    made = run(
        "plan", films, "--each-image", "--lesion", "nodule=nodule", "--background", "normal", "--max-ratio",
        "2", "--sham-fraction", "1", "--save", tmp_path / "plan.jsonl", "--bank", tmp_path / "bank",
    )  # fmt: skip
    assert made == 0
    shutil.rmtree(films)
    return tmp_path


def test_a_plan_is_carried_out_without_the_films_and_only_once(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("generate", planned / "plan.jsonl", "--bank", planned / "bank", "--checkpoint", "none")
    assert run(*arguments) == 0
    assert "10 made, 0 refused" in capsys.readouterr().out
    bank = SampleBank(planned / "bank")
    assert {bank.get(digest).request.digest for digest in bank.digests()} == {
        request.digest for request in Plan.load(planned / "plan.jsonl").requests
    }
    assert run(*arguments) == 0
    shown = capsys.readouterr()
    assert "0 made" in shown.out and "0 of 10 samples to make" in shown.err


def test_another_engine_than_the_planned_one_is_told(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan.load(planned / "plan.jsonl").for_engine("b" * 64)
    plan.save(planned / "other.jsonl")
    assert run("generate", planned / "other.jsonl", "--bank", planned / "bank", "--checkpoint", "none") == 0
    assert "planned for engine bbbbbbbbbbbb, made by" in capsys.readouterr().err


def test_a_bank_without_the_backgrounds_is_an_error_that_helps(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("generate", planned / "plan.jsonl", "--bank", planned / "new", "--checkpoint", "none") == 2
    assert "no pixels are known for real:" in capsys.readouterr().err
    assert run("generate", planned / "no.jsonl", "--bank", planned / "bank", "--checkpoint", "none") == 2
    assert "holds no plan" in capsys.readouterr().err


def test_ranks_that_torchrun_launches_share_the_plan(planned: Path) -> None:
    launched = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m",
            "medsynth_aug.bank.generate", planned / "plan.jsonl", "--bank", planned / "bank", "--checkpoint",
            "none",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )  # fmt: skip
    assert "rank 0 of 2: 5 made" in launched.stdout and "rank 1 of 2: 5 made" in launched.stdout
    bank = SampleBank(planned / "bank")
    assert len(bank) == 10 and bank.verify() == []
