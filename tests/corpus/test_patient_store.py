"""The records of virtual patients: written once, with an event, and never of a real patient."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sqlalchemy import select

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.schema import events
from medsynth_aug.corpus import Finding, PatientImage, PatientStore, VirtualPatient
from medsynth_aug.errors import BankError, SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest, real_source
from tests.corpus.conftest import make


def painted_real(bank: SampleBank) -> str:
    """Digest of a nodule in a real image."""
    pixels = torch.randint(60, 200, (1, 96, 96), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    source = real_source(pixels)
    bank.put_source(source)
    engine = FakeSynthesizer()
    request = SynthesisRequest(
        source=source.digest, lesion=resolve_lesion("nodule"), engine=engine.fingerprint, seed=0, slot="0"
    )
    generate([request], engine, bank, SourceStore(bank), progress=False)
    return request.digest


def test_a_record_is_read_as_it_was_written_in_another_process_too(bank: SampleBank) -> None:
    (patient,) = make(bank, 1).patients
    bank.close()
    reopened = PatientStore(SampleBank(bank.path))
    assert patient.id in reopened
    assert reopened.get(patient.id) == patient == VirtualPatient.from_json(patient.to_json())
    assert list(reopened.all()) == [patient]


def test_each_record_leaves_one_event_in_the_outbox(bank: SampleBank) -> None:
    report = make(bank, 2)
    PatientStore(bank).add(report.patients[0])
    with bank.database.reading() as connection:
        told = connection.execute(select(events.c.subject).where(events.c.kind == "patient")).scalars().all()
    assert sorted(told) == sorted(one.id for one in report.patients)


def test_every_link_of_a_chain_says_whose_it_is(filled: SampleBank) -> None:
    store = PatientStore(filled)
    for one in store.all():
        assert {store.of_sample(link) for image in one.images for link in image.chain} == {one.id}
    assert store.of_sample("0" * 64) is None


def test_a_record_is_never_changed(bank: SampleBank) -> None:
    (patient,) = make(bank, 1).patients
    with pytest.raises(BankError, match="stored already with another record; records are never changed"):
        PatientStore(bank).add(replace(patient, age_years=patient.age_years + 1))
    assert PatientStore(bank).get(patient.id) == patient


def test_an_image_belongs_to_one_patient(bank: SampleBank) -> None:
    (patient,) = make(bank, 1).patients
    with pytest.raises(BankError, match=f"is an image of {patient.id} already, not of vp-other"):
        PatientStore(bank).add(replace(patient, id="vp-other"))
    assert "vp-other" not in PatientStore(bank)


def test_an_image_that_is_not_stored_or_not_virtual_makes_no_patient(bank: SampleBank) -> None:
    (patient,) = make(bank, 1).patients
    store, image = PatientStore(bank), patient.images[0]
    absent = replace(image, chain=("0" * 64,))
    with pytest.raises(BankError, match="has images that are not in"):
        store.add(replace(patient, id="vp-absent", images=(absent,), findings=()))
    real = replace(image, chain=(painted_real(bank),))
    with pytest.raises(BankError, match=r"vp-real is no virtual patient: .* derive from a real image"):
        store.add(replace(patient, id="vp-real", images=(real,), findings=()))
    assert len(store) == 1


def test_an_unknown_patient_is_named_with_the_way_out(bank: SampleBank, tmp_path: Path) -> None:
    with pytest.raises(
        BankError, match=r"no virtual patient vp-nobody in .*; make some with `medsynth patients`"
    ):
        PatientStore(bank).get("vp-nobody")


def test_a_finding_and_an_image_say_what_they_cannot_be() -> None:
    given = {"lesion": "nodule", "size_mm": 9.0, "box": (0, 0, 1, 1), "sample": "0" * 64}
    with pytest.raises(SettingError, match="side is 'up'; choose from right, left, both"):
        Finding(side="up", severity="mild", **given)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="severity is 'bad'; choose from mild, moderate, severe"):
        Finding(side="left", severity="bad", **given)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="chain of visit 1 is empty"):
        PatientImage(visit=1, day=3, chain=(), anatomy_digest="0" * 64)
