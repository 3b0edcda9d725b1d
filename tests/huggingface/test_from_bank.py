"""A bank's own patients, reviews and study become a corpus; the command looks all of it up."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import PatientSettings, PatientStore, Population, make_patients
from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation import Figure
from medsynth_aug.evaluation.report.section import FigureGroup
from medsynth_aug.review import ReviewStore, regenerate
from medsynth_aug.review.study.report import StudyAnswer
from medsynth_aug.synthesis import FakeSynthesizer
from medsynth_huggingface import push_virtual_patients
from medsynth_huggingface.from_bank import corpus_of
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.state import WRITER, Hub
from tests.huggingface.material import OpenGate


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> SampleBank:
    """Six virtual patients as the fake synthesizer makes them; two readers approve all but the last image."""
    held = SampleBank(tmp_path_factory.mktemp("patients") / "bank")
    settings = PatientSettings(side_px=96, least_lung_dice=0.0)
    make_patients(held, FakeSynthesizer(), Population(), 6, settings=settings, progress=False)
    reviews = ReviewStore(held)
    readers = [reviews.enrol(name) for name in ("Dr A", "Dr B")]
    images = [image.sample for patient in PatientStore(held).all() for image in patient.images]
    for digest in images[:-1]:
        for reader in readers:
            reviews.record(digest, reader, "approve", plausibility=4)
    return held


def study_json(folder: Path, bank: SampleBank) -> Path:
    """The report of a study on one virtual patient, a painted image and a real one, as far as it is read."""
    digest = corpus_of(bank).digests[0]
    common = {"reader": "Dr A", "label": "nodule", "diagnosis": "nodule", "seconds": 2.0, "confidence": 4}
    answers = [
        StudyAnswer(item="a", arm="synthetic", origin="virtual", sample=f"sample:{digest}", call="real",
                    repeat=False, **common),
        StudyAnswer(item="b", arm="synthetic", origin="painted", sample=None, call="real",
                    repeat=False, **common),
        StudyAnswer(item="c", arm="real", origin="real", sample=None, call="real", repeat=False, **common),
    ]  # fmt: skip
    figure = Figure(name="AUC", value=0.52, low=0.45, high=0.6, n={"images": 3})
    told = {
        "schema": "medsynth-reader-study-report",
        "groups": [FigureGroup(heading="all readers", figures=(figure,)).to_json()],
        "answers": [asdict(one) for one in answers],
    }
    (folder / "study.json").write_text(json.dumps(told))
    return folder / "study.json"


def test_patients_come_with_findings_visits_and_readings(bank: SampleBank) -> None:
    corpus = corpus_of(bank)
    stored = {one.id: one for one in PatientStore(bank).all()}
    assert {one.id for one in corpus.patients} == set(stored)
    for patient, image in corpus:
        record = stored[patient.id]
        shown = next(one for one in record.images if one.sample == image.sample)
        assert [one.sample for one in image.findings] == list(shown.chain[1:])
        assert (image.visit, image.day) == ("follow-up" if shown.visit else "baseline", shown.day)
        assert image.approvals == image.readers in (0, 2)
    assert any(image.findings for _, image in corpus)


def test_answers_on_real_images_are_counted_and_on_painted_ones_left_out(
    bank: SampleBank, tmp_path: Path
) -> None:
    corpus = corpus_of(bank, study=study_json(tmp_path, bank))
    assert [one.sample for one in corpus.answers] == [corpus.digests[0], None]
    assert [str(one) for one in corpus.figures["Reader study"]] == [
        "all readers: AUC: 0.52 (0.45 to 0.6), n = 3 images"
    ]
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(
        SettingError, match=r"other\.json is no report of a reader study; give the study\.json"
    ):
        corpus_of(bank, study=tmp_path / "other.json")


def test_a_bank_is_published_as_it_is(bank: SampleBank, hub: Hub, client: Client, tmp_path: Path) -> None:
    corpus = corpus_of(bank, study=study_json(tmp_path, bank))
    client(tasks.push, corpus, "lab/from-bank")
    rows = [row for split in client(tasks.load, "lab/from-bank", "masks").values() for row in split]
    assert {row["image_id"] for row in rows} == set(corpus.digests)
    study = client(tasks.load, "lab/from-bank", "reader-study")["test"]
    assert [(row["truth"], row["answer"], row["count"]) for row in study] == [(1, 0, 1), (0, 0, 1)]


def test_a_rejected_image_that_was_made_anew_is_published_in_its_place(
    hub: Hub, client: Client, tmp_path: Path
) -> None:
    held = SampleBank(tmp_path / "bank")
    settings = PatientSettings(side_px=96, least_lung_dice=0.0)
    sick = Population(findings={"nodule": 1.0}, follow_up_share=0.0)
    (patient,) = make_patients(held, FakeSynthesizer(), sick, 1, settings=settings, progress=False).patients
    reviews, rejected = ReviewStore(held), patient.images[0].sample
    reader = reviews.enrol("Dr A")
    reviews.record(rejected, reader, "reject", reasons=["artefact_or_seam"])
    child = regenerate(reviews, FakeSynthesizer(), progress=False).made[rejected]
    assert corpus_of(held).digests == (rejected,)
    reviews.record(child, reader, "approve")
    corpus = corpus_of(held)
    assert corpus.digests == (child,)
    client(tasks.push, corpus, "lab/repaired")
    (row,) = [one for split in client(tasks.load, "lab/repaired", "masks").values() for one in split]
    assert (row["image_id"], row["patient_id"], row["approvals"]) == (child, patient.id, 1)
    assert len(row["findings"]["lesion"]) == len(row["masks"]) == 1
    assert rejected not in row["provenance"]["chain"]


def test_a_bank_without_patients_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="has no virtual patient; make some with `medsynth patients`"):
        corpus_of(SampleBank(tmp_path / "empty"))


def test_the_command_says_why_nothing_passes(hub: Hub, client: Client, tmp_path: Path) -> None:
    phantoms = SampleBank(tmp_path / "bank")
    settings = PatientSettings(side_px=64, least_lung_dice=0.0)
    make_patients(phantoms, FakeSynthesizer(), Population(), 1, settings=settings, progress=False)
    given = ("--bank", str(phantoms.path), "--dry-run", str(tmp_path / "look"))
    code, said = client(tasks.command, "publish", "lab/refused", *given)
    assert code == 2 and not hub.repositories and not (tmp_path / "look").exists()
    assert "no image may be published" in said and "its review is pending, not approved" in said
    assert "no ancestry is given of engine" in said and "privacy check was not run" in said
    code, said = client(tasks.command, "publish", "lab/refused")
    assert code == 2 and "name their bank with --bank FOLDER" in said


def test_the_command_publishes_the_starter_and_no_other_weights(
    hub: Hub, client: Client, root: Path, tmp_path: Path
) -> None:
    code, said = client(tasks.command, "publish", "lab/starter", "--weights", "starter")
    assert code == 0 and "published" in said
    files = hub.repository("lab/starter", "model").files()
    starter = root / "medsynth_aug" / "starter"
    assert {name: len(files[name]) for name in files if name != ".gitattributes"} == {
        path.relative_to(starter).as_posix(): path.stat().st_size
        for path in starter.rglob("*")
        if path.is_file()
    }
    code, said = client(tasks.command, "publish", "lab/own", "--weights", str(tmp_path))
    assert code == 2 and "only the starter is published" in said
    assert ("model", "lab/own") not in hub.repositories


def test_the_command_names_what_stands_in_the_way_and_never_the_token(hub: Hub, client: Client) -> None:
    code, said = client(tasks.command, "publish", "lab/starter", "--weights", "starter", token="")
    assert code == 2 and "there is no token for the Hub" in said
    code, said = client(tasks.command, "publish", "other/starter/x", "--weights", "starter")
    assert code == 2 and "ORGANISATION/NAME" in said and WRITER not in said


def test_a_push_from_a_bank_names_what_the_gate_refused(bank: SampleBank, tmp_path: Path) -> None:
    corpus = corpus_of(bank)
    report = push_virtual_patients(
        corpus,
        "lab/x",
        gate=OpenGate({corpus.digests[-1]: "its review is pending"}),
        dry_run=tmp_path / "out",
    )
    assert report.left_out == ((corpus.digests[-1], "its review is pending"),)
