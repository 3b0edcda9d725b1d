"""A plan made on one machine and carried out on another, by the commands alone."""

import shutil
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from tests.cli.test_plan_command import run
from tests.postgres import Cluster


def films(root: Path, folder: Path) -> Path:
    """Six normal radiographs and a nodule, in a folder of two classes."""
    for name, first, last in (("normal", 0, 6), ("nodule", 6, 7)):
        (folder / name).mkdir(parents=True)
        for path in sorted((root / "examples/data/images").glob("ker_*"))[first:last]:
            shutil.copy(path, folder / name)
    return folder


def plan(root: Path, tmp_path: Path, *places: str | Path) -> int:
    return run(
        "plan", films(root, tmp_path / "films"), "--each-image", "--lesion", "nodule=nodule", "--background",
        "normal", "--max-ratio", "3", "--save", tmp_path / "plan.jsonl", *places,
    )  # fmt: skip


@pytest.mark.postgres
def test_another_machine_needs_the_plan_and_the_two_places(
    root: Path, tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ("--records", cluster.new_database(), "--pixels", (tmp_path / "share").as_uri())
    consent = "--real-data-may-leave"
    assert plan(root, tmp_path, "--bank", tmp_path / "first", *places, consent) == 0
    shutil.rmtree(tmp_path / "films")
    shutil.rmtree(tmp_path / "first")
    carried_out = ("generate", tmp_path / "plan.jsonl", "--checkpoint", "none", "--bank", tmp_path / "second")
    assert run(*carried_out, *places, consent) == 0
    assert "3 made, 0 refused" in capsys.readouterr().out
    bank = SampleBank(tmp_path / "second")
    assert len(bank) == 3 and bank.verify() == []


def test_the_planner_s_own_folder_remembers_where_the_bank_lies(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share = (tmp_path / "share").as_uri()
    assert plan(root, tmp_path, "--bank", tmp_path / "bank", "--pixels", share) == 0
    shutil.rmtree(tmp_path / "films")
    assert run("generate", tmp_path / "plan.jsonl", "--bank", tmp_path / "bank", "--checkpoint", "none") == 0
    assert "3 made, 0 refused" in capsys.readouterr().out
    assert not (tmp_path / "bank" / "pixels").exists() and (tmp_path / "share").is_dir()


def test_places_without_a_bank_are_an_error_that_helps(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(root, tmp_path, "--pixels", (tmp_path / "share").as_uri()) == 2
    assert "name its folder too, with --bank" in capsys.readouterr().err
    assert not (tmp_path / "plan.jsonl").exists()
