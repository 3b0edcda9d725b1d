"""A rejected image of a virtual patient is made anew, approved, and shown in the patient's record."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.corpus import Ancestry, PatientStore, Population, PublishGate, VirtualPatient
from medsynth_aug.corpus.standing import replaceable
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.review import Reason, Reviewer, ReviewStore, regenerate
from medsynth_aug.synthesis import FakeSynthesizer
from tests.corpus.conftest import SICK, make, no_real_pixels

ENGINE = FakeSynthesizer()
HEALTHY = Population(findings={}, follow_up_share=0.0)
"""Nobody has a finding, and everybody one image."""

Rejected = Callable[[VirtualPatient, Reason], str | None]


@pytest.fixture
def reviews(bank: SampleBank) -> ReviewStore:
    return ReviewStore(bank)


@pytest.fixture
def reader(reviews: ReviewStore) -> Reviewer:
    return reviews.enrol("Dr A")


@pytest.fixture
def reject(bank: SampleBank, reviews: ReviewStore, reader: Reviewer) -> Rejected:
    """Rejects a patient's first image as it stands; gives the digest of what was made in its place."""

    def do(patient: VirtualPatient, reason: Reason) -> str | None:
        digest = PatientStore(bank).get(patient.id).images[0].sample
        reviews.record(digest, reader, "reject", reasons=[reason])
        made = regenerate(reviews, ENGINE, sources=SourceStore(bank, no_real_pixels), progress=False).made
        return made.get(digest)

    return do


def refused(bank: SampleBank, reviews: ReviewStore, *digests: str) -> dict[str, str]:
    privacy = PrivacyReport(ran=True, rows=tuple({"name": one} for one in digests))
    ancestry = [Ancestry(engine=ENGINE.fingerprint, licences=("apache-2.0",))]
    gate = PublishGate(bank, reviews=reviews, privacy=privacy, ancestry=ancestry)
    return dict(gate.check(digests).refused)


def test_an_approved_stand_in_takes_the_place_of_a_rejected_finding(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer, reject: Rejected
) -> None:
    (patient,) = make(bank, 1).patients
    child, store = reject(patient, Reason.ARTEFACT_OR_SEAM), PatientStore(bank)
    assert child is not None and store.of_sample(child) == patient.id
    assert store.get(patient.id) == patient  # it waits for review
    assert "its review is pending" in refused(bank, reviews, child)[child]
    reviews.record(child, reader, "approve")
    repaired = store.get(patient.id)
    first, *others = repaired.images
    assert first.chain == (*patient.images[0].chain[:-1], child)
    assert tuple(others) == patient.images[1:]
    old, new = patient.findings_of(0)[-1], repaired.findings_of(0)[-1]
    assert new == replace(old, sample=child)  # the same place, side, size, severity and box
    assert bank.get(child).box == old.box
    assert list(store.all()) == [repaired] and store.as_recorded(patient.id) == patient
    assert refused(bank, reviews, child) == {}
    assert "is rejected" in refused(bank, reviews, old.sample)[old.sample]


def test_a_stand_in_that_is_rejected_too_is_followed_to_the_next(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer, reject: Rejected
) -> None:
    (patient,) = make(bank, 1).patients
    child = reject(patient, Reason.ARTEFACT_OR_SEAM)
    assert child is not None
    reviews.record(child, reader, "reject", reasons=[Reason.LESION_IMPLAUSIBLE])
    (grandchild,) = regenerate(reviews, ENGINE, progress=False).made.values()
    reviews.record(grandchild, reader, "approve")
    store = PatientStore(bank)
    assert store.of_sample(grandchild) == patient.id
    assert store.get(patient.id).images[0].sample == grandchild
    assert refused(bank, reviews, grandchild) == {}


def test_an_approval_that_is_taken_back_takes_the_stand_in_out_again(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer, reject: Rejected
) -> None:
    (patient,) = make(bank, 1).patients
    child = reject(patient, Reason.ARTEFACT_OR_SEAM)
    assert child is not None
    verdict = reviews.record(child, reader, "approve")
    reviews.revoke(verdict.id, "seen on a bad screen")
    assert PatientStore(bank).get(patient.id) == patient


def test_a_place_that_was_wrong_is_given_up(bank: SampleBank, reject: Rejected) -> None:
    (patient,) = make(bank, 1).patients
    assert reject(patient, Reason.WRONG_LOCATION) is None
    assert PatientStore(bank).get(patient.id) == patient


def test_a_healthy_patient_of_one_image_is_repaired(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer, reject: Rejected
) -> None:
    (patient,) = make(bank, 1, HEALTHY).patients
    child = reject(patient, Reason.ANATOMY_VIOLATED)
    assert child is not None
    reviews.record(child, reader, "approve")
    assert PatientStore(bank).get(patient.id).images[0].chain == (child,)
    assert refused(bank, reviews, child) == {}


def test_one_of_two_visits_never_gets_another_chest(bank: SampleBank) -> None:
    (patient,) = make(bank, 1).patients
    assert replaceable(patient) == [one.sample for one in patient.images]
    bare = replace(patient, images=tuple(replace(one, chain=one.chain[:1]) for one in patient.images))
    assert len(bare.images) == 2 and replaceable(bare) == []
    assert replaceable(replace(bare, images=bare.images[:1])) == [bare.images[0].sample]


def test_what_only_claims_a_parent_stands_in_for_nobody(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer
) -> None:
    (patient,) = make(bank, 1, SICK).patients
    digest = patient.images[0].sample
    elsewhere = replace(bank.get(digest).request, mask_digest=None, parent=digest, attempt=9)
    generate([elsewhere], ENGINE, bank, SourceStore(bank), progress=False)
    reviews.record(digest, reader, "reject", reasons=[Reason.DUPLICATE])
    reviews.record(elsewhere.digest, reader, "approve")
    store = PatientStore(bank)
    assert store.get(patient.id) == patient and store.of_sample(elsewhere.digest) is None


def test_a_stand_in_for_an_image_that_was_forgotten_since_stands_in_for_nothing(
    bank: SampleBank, reviews: ReviewStore, reader: Reviewer, reject: Rejected
) -> None:
    (patient,) = make(bank, 1).patients
    child = reject(patient, Reason.ARTEFACT_OR_SEAM)
    assert child is not None
    reviews.record(child, reader, "approve")
    bank.forget(patient.images[0].sample)
    store = PatientStore(bank)
    assert store.get(patient.id) == patient and list(store.all()) == [patient]
