"""`medsynth bank`: what a bank holds, whether it is whole, what goes, and what is handed on."""

from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.cli import main
from medsynth_aug.synthesis import SyntheticSample
from tests.bank.backends import place_of
from tests.bank.material import sample


def run(*arguments: str | Path) -> int:
    """Exit code of the command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main(["bank", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture
def made() -> list[SyntheticSample]:
    return [sample(number) for number in range(3)]


@pytest.fixture
def folder(tmp_path: Path, made: list[SyntheticSample]) -> Path:
    """A bank of three nodules."""
    bank = SampleBank(tmp_path / "bank")
    for each in made:
        bank.add(each)
    bank.close()
    return bank.path


def test_alone_it_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("info", "verify", "prune", "export"))


def test_info_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", folder) == 0
    shown = capsys.readouterr().out
    assert "        3  nodule, lesion\n" in shown
    assert "        3  samples in all, 0 without a real pixel" in shown
    assert f"records: {folder}/bank.sqlite\npixels: {folder}/pixels\n" in shown


def test_a_whole_bank_is_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", folder) == 0
    assert capsys.readouterr().out == "3 samples, no problems\n"


def test_damage_is_named_and_is_exit_code_1(
    folder: Path, made: list[SyntheticSample], capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(place_of(SampleBank(folder), made[0].digest))
    place.unlink()
    assert run("verify", folder) == 1
    assert f"{place} is missing" in capsys.readouterr().out


def test_prune_shows_and_only_removes_when_told(
    folder: Path, made: list[SyntheticSample], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keep").write_text(f"{made[0].digest}\n{made[1].digest}\n")
    assert run("prune", folder, "--keep", tmp_path / "keep", "--lesion", "nodule") == 0
    assert "1 samples, 0 leftovers, 0 copies of sources, 0 maps" in capsys.readouterr().out
    assert len(SampleBank(folder)) == 3
    assert run("prune", folder, "--keep", tmp_path / "keep", "--remove") == 0
    assert " removed\n" in capsys.readouterr().out
    assert SampleBank(folder).digests() == sorted(each.digest for each in made[:2])


def test_prune_without_a_condition_leaves_the_samples(folder: Path) -> None:
    assert run("prune", folder, "--remove", "--unused") == 0
    assert len(SampleBank(folder)) == 3


def test_an_export_is_a_folder(folder: Path, made: list[SyntheticSample], tmp_path: Path) -> None:
    (tmp_path / "only").write_text(made[0].digest)
    assert run("export", folder, tmp_path / "out", "--only", tmp_path / "only") == 0
    assert [path.stem for path in (tmp_path / "out" / "images").iterdir()] == [made[0].digest]


@pytest.mark.parametrize("command", ["info", "verify", "prune"])
def test_a_folder_that_is_no_bank_is_named_and_left_alone(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, tmp_path / "nothing") == 2
    assert "nothing is no bank; give the folder" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()


def test_a_bank_whose_records_are_gone_is_told_from_no_bank(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.glob("bank.sqlite*"):
        path.unlink()
    assert run("prune", folder, "--remove") == 2
    assert "pixels holds samples, but" in capsys.readouterr().err.replace("\n", " ")
    assert len(list((folder / "pixels").rglob("*.safetensors"))) == 3


def test_a_digest_to_keep_that_the_bank_lacks_is_named(
    folder: Path, made: list[SyntheticSample], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "keep").write_text(made[0].digest[:-1])
    assert run("prune", folder, "--keep", folder / "keep", "--remove") == 2
    assert "no sample of 1 of the digests in keep" in capsys.readouterr().err.replace("\n", " ")
    assert len(SampleBank(folder)) == 3


def test_a_list_that_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prune", folder, "--keep", folder / "absent") == 2
    assert "it holds one digest a line" in capsys.readouterr().err
