"""`medsynth review`: a few keys an image, and what is rejected goes back to the engine."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.data.readers.formats import write_image
from medsynth_aug.review import Reason, ReviewStore
from medsynth_aug.synthesis import FakeSynthesizer, real_source
from tests.bank.material import radiograph, request, sample
from tests.cli.test_plan_command import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bank with three samples, and Anna enrolled."""
    bank = SampleBank(tmp_path / "bank")
    for number in range(3):
        bank.add(sample(number))
    bank.close()
    assert run("review", "--bank", tmp_path / "bank", "--enrol", "Anna") == 0
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def opened(folder: Path) -> ReviewStore:
    return ReviewStore(SampleBank(folder / "bank"))


def test_a_reader_from_elsewhere_is_enrolled_under_the_id_used_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = "6f1c0c0e-7d8e-4c53-9a44-0f5a3f5c1d20"
    assert run("review", "--bank", folder / "bank", "--enrol", "Ida", "--id", id_.upper()) == 0
    assert opened(folder).reviewer("Ida").id == id_
    assert run("review", "--bank", folder / "bank", "--enrol", "Ben", "--id", "ben") == 2
    assert "'ben' is no id of a reader" in capsys.readouterr().err


def test_a_sample_that_came_back_is_decided_by_whoever_reviews_next(folder: Path) -> None:
    store = opened(folder)
    digest, *_ = store.bank.digests()
    store.record(digest, store.reviewer("Anna"), "approve")
    held = store.bank.get(digest)
    store.bank.forget(digest)
    store.bank.add(held)
    assert digest in store.undecided()
    assert run("review", "--bank", folder / "bank", "--status") == 0
    assert digest not in store.undecided()


def test_a_reader_answers_with_keys_and_goes_on_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = ("review", "--bank", folder / "bank", "--reviewer", "anna", "--sheet", folder / "sheet.png")
    answer(monkeypatch, "x", "a", "4", "r", "8", "5 2", "", "2", "q")
    assert run(*reading) == 0
    shown = capsys.readouterr().out
    assert "3 samples wait for Anna" in shown and "2 verdicts stored, 1 samples wait" in shown
    assert "answer one of a, q, r, s" in shown and "answer with numbers from 1 to 7" in shown
    store = opened(folder)
    said = [one for digest in store.bank.digests() for one in store.history(digest)]
    approved, rejected = sorted(said, key=lambda one: one.outcome)
    left = store.queue(store.reviewer("Anna"))
    assert approved.plausibility == 4 and approved.seconds is not None
    assert rejected.reasons == (Reason.LESION_IMPLAUSIBLE, Reason.ARTEFACT_OR_SEAM)
    assert rejected.plausibility == 2 and len(left) == 1
    answer(monkeypatch, "s")
    assert run(*reading) == 0
    assert "0 verdicts stored, 1 samples wait" in capsys.readouterr().out
    answer(monkeypatch, "r", "7", "", "too dark", "1")
    assert run(*reading) == 0
    assert opened(folder).history(left[0])[0].comment == "too dark"


def test_the_picture_shows_the_image_and_the_outline_and_tells_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "q")
    sheet = folder / "sheet.png"
    assert run("review", "--bank", folder / "bank", "--reviewer", "Anna", "--sheet", sheet) == 0
    shown = capsys.readouterr().out
    assert "1 of 3: nodule" in shown
    store = opened(folder)
    assert not any(digest in shown for digest in store.bank.digests())
    with Image.open(sheet) as picture:
        assert picture.info == {} and picture.size == (2 * 99, 96)
        pixels = np.asarray(picture).astype(int)
    left, right = pixels[:, :99], pixels[:, 99:]
    changed = (left != right).any(axis=2)
    first = store.bank.get(store.queue(store.reviewer("Anna"))[0])
    assert changed.any() and not changed[~first.mask[0].numpy()].any()
    assert (left[:, :, :1] == left).all()


def test_the_viewer_gets_a_file_whose_name_tells_nothing_and_that_goes_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def launch(path: str) -> int:
        seen.append(Path(path))
        assert Path(path).is_file()
        return 0

    monkeypatch.setattr("typer.launch", launch)
    answer(monkeypatch, "s", "s", "s")
    assert run("review", "--bank", folder / "bank", "--reviewer", "Anna") == 0
    assert len({path.name for path in seen}) == 3 and not any(path.exists() for path in seen)


def test_policy_people_and_status_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = ("review", "--bank", folder / "bank")
    assert run(*bank, "--enrol", "Eva", "--senior", "--policy", "2/3", "--senior-required") == 0
    assert run(*bank, "--assign", "Anna", "--assign", "Eva", "--count", "2") == 0
    assert run(*bank, "--enrol", "Ben") == 0
    assert run(*bank, "--retire", "Ben", "--status") == 0
    shown = capsys.readouterr().out
    assert "2 samples assigned to Anna, Eva" in shown
    assert "2 of 3 readers must approve, one of them a senior" in " ".join(shown.split())
    assert "Ben (retired)" in shown and "nodule" in shown
    store = opened(folder)
    assert len(store.queue(store.reviewer("Anna"))) == 3


def test_a_verdict_is_revoked_by_its_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = opened(folder)
    verdict = store.record(store.bank.digests()[0], store.reviewer("Anna"), "approve")
    bank = ("review", "--bank", folder / "bank")
    assert run(*bank, "--revoke", verdict.id) == 2
    assert "a revocation needs a reason" in capsys.readouterr().err
    assert run(*bank, "--revoke", verdict.id, "--why", "wrong screen") == 0
    assert "the sample is pending" in capsys.readouterr().out


def test_rejected_samples_are_made_anew_also_from_a_folder_of_films(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = radiograph().pixels
    (tmp_path / "films").mkdir()
    write_image(tmp_path / "films" / "one.png", pixels)
    film = real_source(pixels, value_range=None, spacing_mm=None)
    store = ReviewStore(SampleBank(tmp_path / "bank"))
    asked = request(film)
    generate([asked], FakeSynthesizer(), store.bank, SourceStore(store.bank, {film.digest: lambda: film}),
             progress=False)  # fmt: skip
    store.record(asked.digest, store.enrol("Anna"), "reject", reasons=["duplicate"])
    back = ("review", "--bank", tmp_path / "bank", "--regenerate", "--checkpoint", "none")
    assert run(*back) == 0
    assert "1 not made: the bank has no copy of their backgrounds" in capsys.readouterr().err
    assert run(*back, "--films", tmp_path / "films", "--status") == 0
    shown = capsys.readouterr().out
    assert "1 made anew, 0 given up" in shown and "duplicate" in shown
    assert run(*back, "--films", tmp_path / "none") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no bank is named"),
        (["--bank", "gone"], "gone is no folder"),
        (["--bank", "{bank}"], "nothing to do is named"),
        (["--bank", "{bank}", "--reviewer", "Ben"], "no reviewer 'Ben' is enrolled, only Anna"),
        (["--bank", "{bank}", "--policy", "two"], "write K/N"),
        (["--bank", "{bank}", "--revoke", "1", "--why", "x"], "no verdict has the id 1"),
    ],
)
def test_mistakes_are_told_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = [one.format(bank=folder / "bank") for one in arguments]
    assert run("review", *given) == 2
    assert message in capsys.readouterr().err
