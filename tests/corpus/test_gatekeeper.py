"""The gate that looks everything up: ancestry and training index of the checkpoint, reviews, nearness."""

import shutil
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import Gatekeeper, Population, make_patients
from medsynth_aug.diffusion.training_index import FOLDER as INDEX
from medsynth_aug.errors import CheckpointError, SettingError
from medsynth_aug.evaluation.privacy.baseline import baseline_of_rows
from medsynth_aug.review import ReviewStore
from tests.corpus.conftest import make
from tests.corpus.quick_starter import write_quick_starter
from tests.corpus.test_patients_by_diffusion import FEW_STEPS


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_quick_starter(tmp_path_factory.mktemp("checkpoints") / "starter")


def test_what_is_approved_private_and_of_known_descent_passes(bank: SampleBank, checkpoint: Path) -> None:
    keeper = Gatekeeper(bank, checkpoint=str(checkpoint), device="cpu", progress=False)
    population = Population(findings={"mass": 1.0}, follow_up_share=1.0, second_finding_share=0.0)
    made = make_patients(bank, keeper.engine, population, 1, settings=FEW_STEPS, progress=False)
    first, later = (image.sample for image in made.patients[0].images)
    (phantom,) = (one.images[0].sample for one in make(bank, 1).patients)
    reviews = ReviewStore(bank)
    reader = reviews.enrol("Dr A")
    for digest in (first, phantom):
        reviews.record(digest, reader, "approve")
    report = keeper.check([first, later, phantom])
    assert report.passed == (first,)
    why = dict(report.refused)
    assert "its review is pending" in why[later] and "the privacy check was not run on it" in why[later]
    assert why[phantom].startswith("no ancestry is given of engine")
    reviews.record(later, reader, "approve")
    assert keeper.check([first, later]).passed == (first, later)
    reviews.record(first, reader, "reject", reasons=["duplicate"])
    assert dict(keeper.check([first]).refused)[first] == "its review is rejected, not approved"


def test_what_was_warmed_is_not_compared_again_at_the_first_check(bank: SampleBank, checkpoint: Path) -> None:
    (phantom,) = (one.images[0].sample for one in make(bank, 1).patients)
    reviews = ReviewStore(bank)
    reviews.record(phantom, reviews.enrol("Dr A"), "approve")
    keeper = Gatekeeper(bank, checkpoint=str(checkpoint), device="cpu", progress=False)
    before = baseline_of_rows.cache_info()
    keeper.warm()
    assert baseline_of_rows.cache_info().misses == before.misses + 1
    assert keeper.privacy([phantom]).ran
    after = baseline_of_rows.cache_info()
    assert (after.misses, after.hits) == (before.misses + 1, before.hits + 1)


def test_a_checkpoint_without_training_index_cannot_be_warmed_until_it_is_there(
    bank: SampleBank, checkpoint: Path, tmp_path: Path
) -> None:
    folder, away = tmp_path / "starter", tmp_path / "away"
    shutil.copytree(checkpoint, folder)
    (folder / INDEX).rename(away)
    keeper = Gatekeeper(bank, checkpoint=str(folder), device="cpu", progress=False)
    with pytest.raises(CheckpointError, match=r"starter carries no training index.*get it anew"):
        keeper.warm()
    away.rename(folder / INDEX)
    keeper.warm()
    assert keeper.index is not None


@pytest.mark.parametrize("name", ["patients.json", "thumbnails.safetensors"])
def test_a_damaged_training_index_is_named_with_what_to_do(
    bank: SampleBank, checkpoint: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "starter"
    shutil.copytree(checkpoint, folder)
    (folder / INDEX / name).write_bytes(b"{ half a")
    keeper = Gatekeeper(bank, checkpoint=str(folder), device="cpu", progress=False)
    with pytest.raises(CheckpointError, match=r"training_index is damaged .*get the checkpoint again"):
        keeper.warm()


def test_a_licence_that_no_corpus_can_bear_is_refused_at_once(bank: SampleBank) -> None:
    with pytest.raises(SettingError, match=r"cc-by-nd-4\.0"):
        Gatekeeper(bank, licence="cc-by-nd-4.0")
