"""A study shows images of a bank as somebody would see them, and one diagnosis fits each."""

from dataclasses import replace

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientStore
from medsynth_aug.review import ReviewStore
from medsynth_aug.review.study.eligible import eligible_images
from tests.bank.material import sample
from tests.corpus.conftest import SICK, bank, make  # noqa: F401  fixture

HALF_WELL = replace(SICK, findings={"nodule": 0.3, "effusion": 0.3}, second_finding_share=0.5)


@pytest.fixture
def twice_sick(bank: SampleBank) -> SampleBank:  # noqa: F811
    """Patients who are well, have one finding or two."""
    make(bank, 12, HALF_WELL)
    return bank


def test_an_image_stands_for_its_whole_chain_and_shows_one_finding_or_none(twice_sick: SampleBank) -> None:
    found, shown, several = eligible_images(twice_sick), dict[str, set[str]](), 0
    for one in PatientStore(twice_sick).all():
        for image in one.images:
            lesions = sorted({finding.lesion for finding in one.findings if finding.visit == image.visit})
            if len(lesions) > 1:
                several += 1
            else:
                shown.setdefault(lesions[0] if lesions else "none", set()).add(image.sample)
    assert {lesion: set(digests) for lesion, digests in found.of_lesion.items()} == shown
    assert set(shown) == {"none", "nodule", "effusion"} and found.several == several > 0


def test_neither_what_was_rejected_is_shown_nor_what_it_was_painted_into(twice_sick: SampleBank) -> None:
    store, images = ReviewStore(twice_sick), PatientStore(twice_sick).all()
    anna = store.enrol("Anna")
    image = next(one for patient in images for one in patient.images if len(one.chain) == 2)
    store.record(image.sample, anna, "reject", reasons=["wrong_location"])
    found = eligible_images(twice_sick).of_lesion.values()
    assert not set(image.chain) & {digest for digests in found for digest in digests}


def test_only_virtual_images_or_those_of_a_purpose_where_asked(twice_sick: SampleBank) -> None:
    twice_sick.add(sample(1))
    assert sample(1).digest in eligible_images(twice_sick).of_lesion["nodule"]
    assert sample(1).digest not in eligible_images(twice_sick, virtual=True).of_lesion["nodule"]
    assert eligible_images(twice_sick, purpose="lesion").of_lesion["nodule"] == [sample(1).digest]
