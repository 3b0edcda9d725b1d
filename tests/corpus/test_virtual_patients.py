"""Virtual patients: no real pixel, the same ones each time, one chest at every visit, findings as stated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import select

from medsynth_aug.anatomy import assume_spacing
from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.following import events_after
from medsynth_aug.bank.runs import read_run
from medsynth_aug.bank.schema import refusals
from medsynth_aug.corpus import PatientSettings, PatientStore, Population, VirtualPatient, make_patients
from medsynth_aug.corpus.chain import follow
from medsynth_aug.corpus.drawing import draw_patient
from medsynth_aug.corpus.placing import LEAST_PX, place_finding, size_of
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal, SynthesisRequest, SyntheticSample
from medsynth_aug.synthesis.synthesizer import OnStep
from medsynth_aug.types import Spacing
from tests.corpus.conftest import SETTINGS, SICK, make


def patients_of(bank: SampleBank) -> list[VirtualPatient]:
    return list(PatientStore(bank).all())


def test_every_image_of_every_patient_is_virtual_and_no_real_one_was_read(filled: SampleBank) -> None:
    patients = patients_of(filled)
    assert len(patients) == 6
    for digest in (link for one in patients for image in one.images for link in image.chain):
        chain = follow(filled, digest)
        assert chain.is_virtual
        assert chain.samples[-1].request.is_virtual
        assert chain.samples[-1].edit_region.all()
        assert all(sample.request.purpose == "patient" for sample in chain.samples)
        assert not filled.derived_from_real([digest])


def test_the_same_seed_gives_the_same_patients_in_another_bank(bank: SampleBank, filled: SampleBank) -> None:
    make(bank, 2, first=1)
    for one in patients_of(bank):
        assert PatientStore(filled).get(one.id) == one
        ours, theirs = (held.get(one.images[0].sample) for held in (bank, filled))
        assert torch.equal(ours.image, theirs.image)


def test_a_second_run_makes_nothing_again(bank: SampleBank) -> None:
    first, second = make(bank, 3), make(bank, 4)
    assert (first.made, second.made) == (3, 1)
    assert second.patients[:3] == first.patients
    assert not second.left_out


def test_making_patients_is_one_run_and_finding_them_there_is_none(bank: SampleBank) -> None:
    for _ in range(2):
        make(bank, 3)
        (id_,) = {one.subject for one in events_after(bank, 0) if one.kind == "run"}
        run = read_run(bank, id_)
        assert (run.kind, run.state, run.done, run.total) == ("patients", "done", 3, 3)


def test_another_seed_gives_other_people(bank: SampleBank) -> None:
    one, other = make(bank, 1), make(bank, 1, seed=1)
    assert one.patients[0].id != other.patients[0].id
    assert one.patients[0].images[0].sample != other.patients[0].images[0].sample


def test_other_settings_make_other_patients_of_the_same_kind(bank: SampleBank) -> None:
    small, large = make(bank, 1), make(bank, 1, settings=replace(SETTINGS, side_px=128))
    one, other = small.patients[0], large.patients[0]
    assert one.id != other.id
    assert (one.sex, one.age_years, one.view) == (other.sex, other.age_years, other.view)
    again = make(bank, 1, settings=replace(SETTINGS, max_attempts=9, batch_size=2))
    assert again.patients == small.patients


def test_a_follow_up_shows_the_same_chest_at_another_breath(filled: SampleBank) -> None:
    for one in patients_of(filled):
        baseline, later = one.images
        assert (baseline.day, baseline.depth) == (0, 1.0)
        assert later.day > 0
        assert later.depth != 1.0
        before, after = (filled.get(image.chain[0]) for image in one.images)
        assert before.request.draw_digest == after.request.draw_digest
        assert before.digest != after.digest
        lungs = [filled.map(image.anatomy_digest) for image in one.images]
        heights = [int(side.any(0).any(1).sum()) for side in lungs]
        assert (heights[1] > heights[0]) == (later.depth > 1)
        overlap = 2 * (lungs[0] & lungs[1]).sum() / (lungs[0].sum() + lungs[1].sum())
        assert 0.85 < float(overlap) < 1


def test_a_finding_lies_on_its_side_and_has_the_box_of_its_mask(filled: SampleBank) -> None:
    for one in patients_of(filled):
        for image in one.images:
            lungs = filled.map(image.anatomy_digest)
            for finding in one.findings_of(image.visit):
                sample = filled.get(finding.sample)
                assert finding.sample in image.chain
                assert sample.lesion == finding.lesion
                assert sample.box == finding.box
                share = [float((sample.mask[0] & side).sum()) for side in lungs]
                assert share.index(max(share)) == ("right", "left").index(finding.side)


def test_a_follow_up_keeps_place_and_kind_of_a_finding(filled: SampleBank) -> None:
    for one in patients_of(filled):
        before, after = one.findings_of(0), one.findings_of(1)
        assert [(f.lesion, f.side) for f in before] == [(f.lesion, f.side) for f in after]
        for first, second in zip(before, after):
            assert (second.size_mm > first.size_mm) <= (second.severity != first.severity)
            masks = [filled.get(f.sample).mask[0].numpy() for f in (first, second)]
            centres = [np.argwhere(mask).mean(0) for mask in masks]
            assert np.abs(centres[0] - centres[1]).max() < 16
            assert (masks[0] & masks[1]).any()


def test_severity_is_the_third_of_the_range_of_sizes(filled: SampleBank) -> None:
    for one in patients_of(filled):
        for finding in one.findings:
            lesion = resolve_lesion(finding.lesion)
            third = ("mild", "moderate", "severe").index(finding.severity)
            low, high = size_of(lesion, third, 0.0), size_of(lesion, third, 1.0)
            lungs = filled.map(one.images[0].anatomy_digest)
            least = LEAST_PX * assume_spacing(lungs).mean_mm
            assert low <= finding.size_mm <= high or np.isclose(finding.size_mm, least, atol=0.01)


def test_two_findings_are_a_chain_and_their_masks_do_not_overlap_at_any_visit(bank: SampleBank) -> None:
    population = Population(
        findings={"viral_consolidation": 0.4, "effusion": 0.3, "pneumothorax": 0.3},
        second_finding_share=1.0, follow_up_share=1.0,
    )  # fmt: skip
    report = make(bank, 20, population)
    assert len(report.patients) > 10
    for one in report.patients:
        for image in one.images:
            assert len(image.chain) == 3
            findings = one.findings_of(image.visit)
            assert [finding.sample for finding in findings] == list(image.chain[1:])
            masks = [bank.get(finding.sample).mask for finding in findings]
            assert not (masks[0] & masks[1]).any()
            assert findings[0].lesion != findings[1].lesion


def test_a_finding_of_which_too_little_is_left_beside_another_has_no_place() -> None:
    drawn = draw_patient(SICK, seed=0, number=0, made_by="x")
    finding = replace(drawn.findings[0], lesion="effusion", side="right", severities=("severe", "severe"))
    lungs = np.zeros((2, 96, 96), bool)
    lungs[0, 16:80, 10:42] = lungs[1, 16:80, 54:86] = True
    nothing = np.zeros((96, 96), bool)
    scene = Scene(np.full((96, 96), 0.5, np.float32), *lungs, Spacing(3.0, 3.0), nothing)
    lesion, depths = resolve_lesion("effusion"), (1.0, 1.05)
    alone = place_finding(finding, lesion, scene, depths, [nothing, nothing], "chance")
    assert alone is not None
    most, least = alone.masks[1].copy(), alone.masks[1].copy()
    rows = np.nonzero(most.any(1))[0]
    most[rows[-1]], least[: rows[-1]] = False, False
    assert place_finding(finding, lesion, scene, depths, [nothing, most], "chance") is None
    beside = place_finding(finding, lesion, scene, depths, [nothing, least], "chance")
    assert beside is not None
    assert np.array_equal(beside.masks[0], alone.masks[0])
    assert np.array_equal(beside.masks[1], alone.masks[1] & ~least)


def test_a_healthy_patient_has_the_whole_image_alone(bank: SampleBank) -> None:
    report = make(bank, 2, Population(findings={}))
    for one in report.patients:
        assert one.findings == ()
        assert [len(image.chain) for image in one.images] == [1]


def test_a_patient_whose_image_is_refused_is_left_out_and_told(bank: SampleBank) -> None:
    strict = replace(SETTINGS, least_lung_dice=1.0, max_attempts=2)
    report = make(bank, 2, settings=strict)
    assert report.patients == ()
    assert len(PatientStore(bank)) == 0
    assert [one.number for one in report.left_out] == [0, 1]
    assert all(
        "the lungs of the image overlap those asked for by 0." in one.reason for one in report.left_out
    )
    assert {bank.get(digest).request.attempt for digest in bank.digests()} == {0, 1}


class PaintsNoLesion(FakeSynthesizer):
    """An engine that makes whole images and refuses every lesion."""

    def synthesize(
        self, jobs: Sequence[Job], on_step: OnStep | None = None
    ) -> list[SyntheticSample | Refusal]:
        return [
            Refusal(job.request, "too faint")
            if job.source is not None
            else super(PaintsNoLesion, self).synthesize([job])[0]
            for job in jobs
        ]


def test_a_finding_that_is_refused_is_placed_anew_and_then_given_up(bank: SampleBank) -> None:
    population = replace(SICK, findings={"nodule": 1.0}, follow_up_share=0.0)
    report = make_patients(bank, PaintsNoLesion(), population, 1, settings=SETTINGS, progress=False)
    assert [one.reason for one in report.left_out] == ["too faint"]
    with bank.database.reading() as connection:
        asked = [SynthesisRequest.from_json(row.request) for row in connection.execute(select(refusals))]
    assert sorted(one.attempt for one in asked) == [0, 1, 2]
    assert len({one.mask_digest for one in asked}) == 3


def test_lungs_without_a_place_for_a_finding_say_so(bank: SampleBank) -> None:
    drawn = draw_patient(SICK, seed=0, number=0, made_by="x")
    nothing = np.zeros((96, 96), bool)
    scene = Scene(np.full((96, 96), 0.5, np.float32), nothing, nothing, Spacing(3.0, 3.0), nothing)
    finding = drawn.findings[0]
    lesion, keeps = resolve_lesion(finding.lesion), [nothing for _ in drawn.depths]
    assert place_finding(finding, lesion, scene, drawn.depths, keeps, "chance") is None


def test_ids_and_records_hold_nothing_but_what_was_drawn(filled: SampleBank) -> None:
    one = patients_of(filled)[0]
    drawn = draw_patient(
        SICK, seed=0, number=one.origin["number"], made_by="x"
    )  # fmt: skip
    assert (one.sex, one.age_years, one.view) == (drawn.sex, drawn.age_years, drawn.view)
    assert set(one.origin) == {"population", "seed", "number", "engine", "settings"}
    assert one.origin["engine"] == FakeSynthesizer().fingerprint
    assert one.origin["population"] == SICK.digest


def test_settings_and_counts_are_checked(tmp_path: Path, bank: SampleBank) -> None:
    with pytest.raises(SettingError, match="side_px is 32; it must be at least 64"):
        PatientSettings(side_px=32)
    with pytest.raises(SettingError, match=r"least_lung_dice is 2; it must be in \[0, 1\]"):
        PatientSettings(least_lung_dice=2)
    with pytest.raises(SettingError, match="make at least 1 patient"):
        make_patients(bank, FakeSynthesizer(), SICK, 0)
