"""Where the images of virtual patients come from: one patient at every visit, and every lesion in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.ancestry import Ancestry, ancestries
from medsynth_aug.corpus import PatientStore, check_privacy
from medsynth_aug.data import CsvDataset
from medsynth_aug.evaluation.images import image_set
from medsynth_aug.evaluation.reading import read_bank
from medsynth_aug.review import ReviewStore
from medsynth_aug.review.export import export_training_set
from tests.bank.backends import place_of, tamper
from tests.corpus.conftest import SICK, make
from tests.data.small import Items, pictures


@pytest.fixture
def twice_sick(bank: SampleBank) -> SampleBank:
    """A bank with four patients who have two findings each, at two visits."""
    make(bank, 4, replace(SICK, second_finding_share=1.0))
    return bank


def test_each_image_names_its_patient_its_root_and_its_lesions(twice_sick: SampleBank) -> None:
    for one in PatientStore(twice_sick).all():
        for image in one.images:
            found = ancestries(twice_sick.database, [image.sample])[image.sample]
            assert found.patient == one.id
            assert found.root == f"sample:{image.chain[0]}"
            painted = {finding.sample: finding.lesion for finding in one.findings}
            assert found.lesions == tuple(painted[link] for link in image.chain if link in painted)


def test_a_sample_that_the_bank_lacks_has_no_root(bank: SampleBank) -> None:
    assert ancestries(bank.database, ["0" * 64]) == {"0" * 64: Ancestry(root="")}


def test_all_images_of_one_patient_are_read_as_one_patient_s(filled: SampleBank) -> None:
    shown = {image.sample: one.id for one in PatientStore(filled).all() for image in one.images}
    assert len(shown) > len(set(shown.values()))
    read = read_bank(filled, image_set("none", []), digests=list(shown), progress=False)
    assert {one.digest.removeprefix("sample:"): one.patient for one in read} == shown


def test_an_exported_patient_stays_one_and_bears_both_findings(
    twice_sick: SampleBank, tmp_path: Path
) -> None:
    store = ReviewStore(twice_sick)
    reader = store.enrol("Anna")
    patients = list(PatientStore(twice_sick).all())
    lesions = sorted({finding.lesion for one in patients for finding in one.findings})
    for image in (image for one in patients for image in one.images):
        store.record(image.sample, reader, "approve")
    real = Items(
        [(image, [0.0] * len(lesions)) for image in pictures(2)], targets=[[0.0] * len(lesions)] * 2,
        groups=["a", "b"], class_to_idx={name: number for number, name in enumerate(lesions)},
    )  # fmt: skip
    export_training_set(
        real, twice_sick, tmp_path / "train", lesions={name: name for name in lesions}, progress=False
    )
    data = CsvDataset(tmp_path / "train/labels.csv", label=lesions, split="train", check_images=False)
    wanted = {
        (one.id, tuple(float(name in {f.lesion for f in one.findings}) for name in lesions))
        for one in patients if one.findings
    }  # fmt: skip
    rows = zip(data.groups or [], map(tuple, data.targets), strict=True)
    assert {row for row in rows if row[0] not in ("a", "b")} == wanted
    assert any(sum(label) > 1 for _, label in wanted)


@pytest.mark.parametrize("damage", [b"torn", None])
def test_a_damaged_sample_leaves_the_privacy_check_to_the_others(
    bank: SampleBank, damage: bytes | None
) -> None:
    digests = [image.sample for one in make(bank, 2).patients for image in one.images]
    tamper(place_of(bank, digests[0]), damage)
    assert not check_privacy(bank, digests, index=None, progress=False).ran
