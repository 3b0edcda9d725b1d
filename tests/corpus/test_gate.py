"""The publish gate: every planted fault is refused by name, and only a clean sample passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import update

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.schema import samples
from medsynth_aug.corpus import Ancestry, GateReport, PatientStore, PublishGate, VirtualPatient
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.privacy.report import PrivacyReport
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.review import ReviewStore
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest
from tests.corpus.conftest import make
from tests.corpus.test_patient_store import painted_real

ENGINE = FakeSynthesizer()
ANCESTRY = Ancestry(engine=ENGINE.fingerprint, licences=("apache-2.0", "cc-by-4.0"))


@dataclass(frozen=True)
class Says:
    """What a physician decided."""

    state: str


@dataclass(frozen=True)
class Everybody:
    """Physicians who approve everything but what is named."""

    but: Mapping[str, str] = field(default_factory=dict)

    def decision(self, digest: str) -> Says:
        return Says(self.but.get(digest, "approved"))


def clean(*digests: str, copies: tuple[str, ...] = ()) -> PrivacyReport:
    """A privacy check that ran on some samples."""
    return PrivacyReport(ran=True, rows=tuple({"name": one} for one in digests), copies=copies)


def gate(bank: SampleBank, *digests: str, **changes: object) -> PublishGate:
    given = {"reviews": Everybody(), "privacy": clean(*digests), "ancestry": [ANCESTRY]} | changes
    return PublishGate(bank, **given)  # type: ignore[arg-type]


def why(report: GateReport, digest: str) -> str:
    return dict(report.refused)[digest]


def image_of(patient: VirtualPatient) -> str:
    return patient.images[0].sample


@pytest.fixture
def patient(bank: SampleBank) -> VirtualPatient:
    return make(bank, 1).patients[0]


def plant(bank: SampleBank, digest: str, **columns: object) -> None:
    """Change a stored record behind the bank's back."""
    with bank.database.writing() as connection:
        connection.execute(update(samples).where(samples.c.digest == digest).values(**columns))


def test_clean_images_pass_in_the_order_asked_with_their_ancestors(filled: SampleBank) -> None:
    images = [image.sample for one in PatientStore(filled).all() for image in one.images]
    report = gate(filled, *images).check([*images, images[0]])
    assert report.passed == tuple(images)
    assert report.refused == ()
    assert (report.licence, report.ancestors) == ("cc-by-4.0", ("apache-2.0", "cc-by-4.0"))
    assert not report.augmented


def test_only_what_is_approved_by_policy_passes(bank: SampleBank) -> None:
    images = [image_of(one) for one in make(bank, 3).patients]
    states = dict(zip(images, ("rejected", "pending", "disputed")))
    report = gate(bank, *images, reviews=Everybody(states)).check(images)
    assert report.passed == ()
    assert dict(report.refused) == {
        digest: f"its review is {state}, not approved" for digest, state in states.items()
    }
    assert "its review is pending" in why(gate(bank, images[0], reviews=None).check(images[:1]), images[0])


def test_the_gate_follows_the_review_store(bank: SampleBank, patient: VirtualPatient) -> None:
    reviews, digest = ReviewStore(bank), image_of(patient)
    asked = gate(bank, digest, reviews=reviews)
    assert asked.check([digest]).passed == ()
    reader = reviews.enrol("Reader")
    verdict = reviews.record(digest, reader, "approve", plausibility=4)
    assert asked.check([digest]).passed == (digest,)
    reviews.revoke(verdict.id, reason="a second look")
    assert "not approved" in why(asked.check([digest]), digest)


def test_an_image_painted_into_a_rejected_one_is_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    reviews, (whole, digest) = ReviewStore(bank), patient.images[0].chain
    reader = reviews.enrol("Reader")
    reviews.record(digest, reader, "approve")
    asked = gate(bank, digest, reviews=reviews)
    assert asked.check([digest]).passed == (digest,), "nobody read the whole image"
    reviews.record(whole, reader, "reject", reasons=["anatomy_violated"])
    told = why(asked.check([digest]), digest)
    assert told == f"{whole[:16]}, which it was painted into, is rejected"


def test_a_privacy_check_that_was_not_run_refuses(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    for privacy, told in (
        (None, "the privacy check was not run"),
        (PrivacyReport(ran=False, reason="no index"), r"the privacy check was not run (no index)"),
        (clean("0" * 64), "the privacy check was not run on it"),
        (clean(digest, copies=(digest,)), "the privacy check calls it a copy of a training film"),
    ):
        assert why(gate(bank, privacy=privacy).check([digest]), digest) == told


def test_a_chain_that_reaches_a_real_image_is_refused(bank: SampleBank) -> None:
    first = painted_real(bank)
    request = SynthesisRequest(
        source=f"sample:{first}", lesion=resolve_lesion("mass"), engine=ENGINE.fingerprint, seed=0, slot="1",
        purpose="patient",
    )  # fmt: skip
    generate([request], ENGINE, bank, SourceStore(bank), progress=False)
    for digest in (first, request.digest):
        assert "its background is a real image" in why(gate(bank, digest).check([digest]), digest)


def test_a_record_that_lies_about_being_virtual_does_not_help(bank: SampleBank) -> None:
    digest = painted_real(bank)
    plant(bank, digest, virtual=True)
    assert "its background is a real image" in why(gate(bank, digest).check([digest]), digest)


def test_a_record_that_calls_a_virtual_image_real_is_refused(
    bank: SampleBank, patient: VirtualPatient
) -> None:
    digest = image_of(patient)
    plant(bank, patient.images[0].chain[0], virtual=False)
    assert "its record says that it derives from a real image" in why(
        gate(bank, digest).check([digest]), digest
    )


def test_a_missing_link_is_refused_by_name(bank: SampleBank, patient: VirtualPatient) -> None:
    whole, digest = patient.images[0].chain
    bank.forget(whole)
    told = why(gate(bank, digest).check([digest]), digest)
    assert told == f"{whole[:16]}, which it was painted into, is not in the bank"
    assert why(gate(bank).check(["0" * 64]), "0" * 64) == "it is not in the bank"


def test_a_planted_cycle_is_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    whole, digest = patient.images[0].chain
    plant(bank, whole, request=bank.get(digest).request.to_json(), source=f"sample:{digest}")
    told = why(gate(bank, digest).check([digest]), digest)
    assert told == f"the record of {whole[:16]} holds another request than it is filed under"


def test_a_request_that_was_changed_afterwards_is_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    plant(bank, digest, request=replace(bank.get(digest).request, seed=99).to_json())
    assert "holds another request" in why(gate(bank, digest).check([digest]), digest)


def test_damaged_pixels_are_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    plant(bank, digest, file_digest="0" * 64)
    report = gate(bank, digest).check([digest])
    assert report.passed == ()
    assert digest[:16] in why(report, digest)


@pytest.mark.parametrize("gone", ["maker", "version", "side", "size_mm"])
def test_incomplete_provenance_is_refused(bank: SampleBank, patient: VirtualPatient, gone: str) -> None:
    digest = image_of(patient)
    told = {name: value for name, value in bank.get(digest).provenance.items() if name != gone}
    plant(bank, digest, provenance=told)
    assert why(gate(bank, digest).check([digest]), digest) == (
        f"the provenance of {digest[:16]} does not say {gone}"
    )


def test_an_engine_without_ancestry_is_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    told = why(gate(bank, digest, ancestry=[]).check([digest]), digest)
    assert told == f"no ancestry is given of engine {ENGINE.fingerprint[:12]}, which made it"


def test_licences_that_clash_or_are_unknown_are_refused(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    for licences, told in (
        (("apache-2.0", "cc-by-nc-4.0"), "licence cc-by-nc-4.0 of an ancestor does not allow cc-by-4.0"),
        (("unknown",), "licence 'unknown' of an ancestor is not known to allow anything"),
    ):
        ancestry = [Ancestry(engine=ENGINE.fingerprint, licences=licences)]
        assert why(gate(bank, digest, ancestry=ancestry).check([digest]), digest) == told
    with pytest.raises(SettingError, match="licence is 'WTFPL'; a corpus may bear apache-2"):
        gate(bank, licence="WTFPL")


def test_a_virtual_image_of_nobody_is_refused(bank: SampleBank) -> None:
    other = make(bank, 1).patients[0].images[0].chain[0]
    request = SynthesisRequest(
        source=f"sample:{other}", lesion=resolve_lesion("nodule"), engine=ENGINE.fingerprint, seed=5,
        slot="x",
    )  # fmt: skip
    generate([request], ENGINE, bank, SourceStore(bank), progress=False)
    told = why(gate(bank, request.digest).check([request.digest]), request.digest)
    assert "it is an image of no virtual patient" in told
    assert "a sample of its chain was not made for a virtual patient" in told


def test_an_augmented_set_needs_an_open_licence_for_each_real_source(bank: SampleBank) -> None:
    digest = painted_real(bank)
    source = bank.get(digest).request.source
    named = gate(bank, digest, augmented=True, sources={source: "CC-BY-3.0"}).check([digest])
    assert named.passed == (digest,)
    assert named.augmented
    assert named.ancestors == ("apache-2.0", "cc-by-3.0", "cc-by-4.0")
    unnamed = gate(bank, digest, augmented=True).check([digest])
    assert "no licence is stated for its real source" in why(unnamed, digest)
    closed = gate(bank, digest, augmented=True, sources={source: "cc-by-nc-4.0"}).check([digest])
    assert "licence cc-by-nc-4.0 of an ancestor does not allow cc-by-4.0" in why(closed, digest)
    assert why(gate(bank, digest, sources={source: "CC-BY-3.0"}).check([digest]), digest).startswith(
        "its background is a real image"
    )


def test_every_reason_is_told_at_once(bank: SampleBank, patient: VirtualPatient) -> None:
    digest = image_of(patient)
    told = why(gate(bank, digest, reviews=None, privacy=None, ancestry=[]).check([digest]), digest)
    assert told.split("; ") == [
        f"no ancestry is given of engine {ENGINE.fingerprint[:12]}, which made it",
        "the privacy check was not run",
        "its review is pending, not approved",
    ]
