"""What a project should hold of a sample, whatever became of it in the bank."""

from dataclasses import replace
from typing import Any

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientStore
from medsynth_aug.review import ReviewPolicy
from medsynth_supabase.pushing.desired import Desired, Desires
from medsynth_supabase.pushing.shown import shown_by
from medsynth_supabase.state.subject import Subject
from tests.supabase.material import MeasuredGate, Readers, images_of, make_patients, painted_on_real


@pytest.fixture
def image(bank: SampleBank) -> str:
    """The image of a virtual patient with a finding."""
    return make_patients(bank, 1)[0]


def wanted(bank: SampleBank, digest: str, told: str | None = None, **options: Any) -> Desired:
    """What a project should hold of a sample that it was told of as `told`."""
    pixels = Readers(bank).reviews.file_digest(digest) if digest in bank else None
    known = Subject(
        kind="sample", subject=digest, event=9, told=told, told_event=1 if told else 0, pixels=pixels,
        objects_event=1 if told in ("approved", "pending") else 0,
    )  # fmt: skip
    gate = options.pop("gate", MeasuredGate(bank))
    return Desires(bank, gate, **options).of({digest: known})[digest]


def test_an_approved_image_is_held_with_its_pixels(bank: SampleBank, image: str, readers: Readers) -> None:
    readers.approve(image)
    found = wanted(bank, image)
    assert (found.state, found.objects, found.refusal) == ("approved", True, "")
    assert found.pixels == readers.reviews.file_digest(image)
    assert found.shown is not None and found.shown.image.sample == image and found.shown.findings


def test_a_link_of_a_chain_is_held_by_nobody(bank: SampleBank, image: str, readers: Readers) -> None:
    (patient,) = PatientStore(bank).all()
    link = patient.images[0].chain[0]
    readers.approve(link)
    assert link != image and wanted(bank, link) == Desired()
    assert wanted(bank, link, "approved").state == "withdrawn"


def test_a_pending_image_goes_to_reviewers_only_where_that_is_wanted(bank: SampleBank, image: str) -> None:
    assert wanted(bank, image) == Desired()
    assert wanted(bank, image, for_review=True).state == "pending"
    assert wanted(bank, image, "pending").state == "withdrawn"


def test_a_disputed_image_goes_to_reviewers(bank: SampleBank, image: str, readers: Readers) -> None:
    readers.reviews.set_policy(ReviewPolicy(approvals=1, readers=2))
    readers.approve(image)
    readers.reviews.record(image, readers.all[1], "reject", reasons=["other"], comment="no")
    assert readers.reviews.decision(image).state == "disputed"
    assert wanted(bank, image, for_review=True).state == "pending"
    assert wanted(bank, image, "approved").state == "withdrawn"


def test_a_rejection_is_told_only_where_the_sample_was(
    bank: SampleBank, image: str, readers: Readers
) -> None:
    readers.reject(image)
    assert wanted(bank, image, for_review=True) == Desired()
    for told in ("approved", "pending", "withdrawn"):
        assert wanted(bank, image, told) == Desired(state="rejected")


def test_an_approval_that_is_taken_back_withdraws(bank: SampleBank, image: str, readers: Readers) -> None:
    readers.revoke(*readers.approve(image))
    assert wanted(bank, image, "approved").state == "withdrawn"
    assert wanted(bank, image, "approved", for_review=True).state == "pending"


def test_what_the_bank_forgot_is_forgotten_once(bank: SampleBank, image: str) -> None:
    bank.forget(image)
    assert wanted(bank, image) == Desired()
    assert wanted(bank, image, "approved").state == "forgotten"
    assert wanted(bank, image, "forgotten") == Desired()


def test_what_the_gate_refuses_is_not_shown_and_says_why(
    bank: SampleBank, image: str, readers: Readers
) -> None:
    readers.approve(image)
    gate = MeasuredGate(bank, copies=(image,))
    found = wanted(bank, image, gate=gate)
    assert found.state is None and "a copy of a training film" in found.refusal
    for_review = wanted(bank, image, "pending", gate=gate, for_review=True)  # not even to reviewers
    assert for_review.state == "withdrawn" and "a copy of a training film" in for_review.refusal
    assert wanted(bank, image, gate=gate, for_review=True).state is None
    assert wanted(bank, image, "withdrawn", gate=gate).state == "withdrawn"


def test_the_gate_is_not_asked_again_for_what_is_shown_already(
    bank: SampleBank, image: str, readers: Readers
) -> None:
    readers.approve(image)
    gate = MeasuredGate(bank, copies=(image,))
    assert wanted(bank, image, "approved", gate=gate).state == "approved"
    assert not gate.asked


def test_a_stand_in_awaits_its_review_and_then_takes_the_place(
    bank: SampleBank, image: str, readers: Readers
) -> None:
    child = readers.make_anew(image)
    waiting = shown_by(bank, child)
    assert waiting is not None and not waiting.stands
    found = wanted(bank, child, for_review=True)
    assert found.state == "pending" and found.shown is not None
    assert [one.sample for one in found.shown.findings][-1] == child
    readers.approve(child)
    found = wanted(bank, child)
    assert found.state == "approved" and found.shown is not None and found.shown.stands
    assert images_of(bank)[0] == child
    assert wanted(bank, image, "approved").state == "rejected"


def test_a_stand_in_leaves_when_the_first_image_comes_back(
    bank: SampleBank, image: str, readers: Readers
) -> None:
    child = readers.make_anew(image)
    readers.approve(child)
    readers.approve(image)
    assert wanted(bank, image).state == "approved"
    assert wanted(bank, child, "approved").state == "withdrawn"
    assert wanted(bank, child) == Desired()


@pytest.mark.parametrize(("records", "pixels"), [(False, False), (True, False), (True, True)])
def test_a_painted_real_image_needs_a_consent_for_its_row_and_one_for_its_pixels(
    bank: SampleBank, readers: Readers, records: bool, pixels: bool
) -> None:
    (digest,), _ = painted_on_real(bank)
    options = {"real_records": records, "real_pixels": pixels}
    assert wanted(bank, digest, for_review=True, **options) == Desired()  # pending ones never leave
    readers.approve(digest)
    found = wanted(bank, digest, for_review=True, **options)
    assert (found.state, found.objects) == (("approved", pixels) if records else (None, False))
    assert found.shown is None
    if not records:
        assert wanted(bank, digest, "approved").state == "forgotten"


def test_pixels_under_review_are_checked_down_to_the_whole_image(bank: SampleBank, image: str) -> None:
    (patient,) = PatientStore(bank).all()
    bank.forget(patient.images[0].chain[0])
    found = wanted(bank, image, for_review=True)
    assert found.state is None and "is not in the bank" in found.refusal


def test_what_was_told_is_told_again_only_where_something_differs() -> None:
    known = Subject(kind="sample", subject="a", event=2, told="approved", pixels="p", objects_event=2)
    same = Desired(state="approved", pixels="p", objects=True)
    assert same.is_told(known)
    for other in (
        replace(known, unsure=True), replace(known, told="pending"), replace(known, pixels="q"),
        replace(known, objects_event=0), replace(known, told=None),
    ):  # fmt: skip
        assert not same.is_told(other)
    assert Desired().is_told(replace(known, told=None))
    assert Desired(state="rejected").is_told(replace(known, told="rejected", objects_event=0, pixels=None))
