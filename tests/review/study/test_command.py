"""`medsynth review study` makes, reads and reports a study from files."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from medsynth_aug.bank import SampleBank
from medsynth_aug.cli.review_study import study as app
from medsynth_aug.errors import SettingError
from medsynth_aug.review.study import Study
from tests.bank import material


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A study of eight nodules in films and eight that were painted into other films."""
    (tmp_path / "films/nodule").mkdir(parents=True)
    with SampleBankOf(tmp_path / "bank") as bank:
        for number in range(8):
            bank.add(material.sample(number))
            film = material.radiograph(100 + number).pixels[0].numpy()
            Image.fromarray(film).save(tmp_path / f"films/nodule/{number}.png")
    return tmp_path


class SampleBankOf:
    """A bank that is closed at the end."""

    def __init__(self, path: Path) -> None:
        self.bank = SampleBank(path)

    def __enter__(self) -> SampleBank:
        return self.bank

    def __exit__(self, *_: object) -> None:
        self.bank.close()


def run(*arguments: object, said: str = "") -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], input=said)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def create(made: Path, *more: object) -> str:
    return run(
        "create", made / "study", made / "films", made / "bank", "--reader", "anna", "--lesion",
        "nodule=nodule", "--images", 8, "--repeats", 2, *more,
    )  # fmt: skip


def test_a_study_is_made_read_in_two_sittings_and_reported(made: Path) -> None:
    told = create(made, "--other-class", "normal")
    assert "16 images and 4 repeats for anna" in told and "too wide for the margin" in told
    assert "8 painted images come from films that are not among the real ones" in told
    study, reader = Study.load(made / "study"), ("anna", "--show", "path")
    first = run("run", made / "study/readers", *reader, said="r\n2\n1\ns\n5\n2\nu\nr\n1\n1\nq\n")
    assert "2 of 20 images answered; go on any time" in first
    said = [(one.call, one.confidence, one.diagnosis, one.counts) for one in study.answers("anna")]
    assert said == [
        ("real", 2, "nodule", True), ("synthetic", 5, "normal", True), ("real", 1, "nodule", False),
    ]  # fmt: skip
    second = run("run", made / "study/readers", *reader, said="s\n3\n1\n" * 18)
    assert "image 3 of 20" in second and "20 of 20 images answered; thank you" in second
    out = run("report", made / "study", "--out", made / "report")
    assert "undecided: at look 1 the AUC is" in out
    assert json.loads((made / "report/study.json").read_text())["changed_minds"] == 1
    assert (made / "report/study.html").is_file()


def test_no_path_that_is_shown_tells_what_an_image_is(made: Path) -> None:
    create(made)
    shown = run("run", made / "study", "anna", "--show", "path", said="r\n1\n1\nq\n")
    assert "real/" not in shown and "synthetic/" not in shown and "right" not in shown


def test_only_virtual_samples_are_taken_where_asked(made: Path) -> None:
    with pytest.raises(SettingError, match="holds no image of nodule that can be shown as asked"):
        create(made, "--virtual")
    with pytest.raises(SettingError, match="holds no image of nodule that can be shown as asked"):
        create(made, "--purpose", "patient")


def test_a_folder_that_is_no_bank_is_told(made: Path) -> None:
    with pytest.raises(SettingError, match="is no sample bank"):
        run(
            "create",
            made / "study",
            made / "films",
            made / "films",
            "--reader",
            "a",
            "--lesion",
            "nodule=nodule",
        )


def test_a_way_of_showing_that_there_is_not_is_told(made: Path) -> None:
    create(made)
    with pytest.raises(SettingError, match="say viewer or path"):
        run("run", made / "study", "anna", "--show", "web")
