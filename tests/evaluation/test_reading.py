"""Images are read with patients, strata, boxes and sources; what would make figures lie is named."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from medsynth_aug import FakeSynthesizer, SampleBank
from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.bank import SourceStore, generate
from medsynth_aug.errors import (
    GridError,
    ImageError,
    LabelError,
    SettingError,
    SplitLeakError,
    UnreadableFileError,
)
from medsynth_aug.evaluation.audits.shams import paint_shams, sham_requests
from medsynth_aug.evaluation.comparable import check_comparable, one_sided, without_painted_patients
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet, image_set
from medsynth_aug.evaluation.reading import Columns, find_sources, read_bank, read_images
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import SynthesisRequest
from medsynth_aug.types import ValueRange
from tests.corpus.conftest import make as make_patients

SHAPE = (140, 150)
COLUMNS = Columns(image="file", patient="person", strata=("source", "view"))


def write_set(folder: Path, *, normal: int = 8, nodule: int = 4) -> Path:
    """A CSV file with films of a schematic thorax; every person has two films."""
    folder.mkdir(parents=True, exist_ok=True)
    lungs = schematic_lungs(SHAPE).any(0).numpy()
    rows = []
    for number in range(normal + nodule):
        rng = np.random.default_rng(number)
        grey = np.where(lungs, 80, 160) + rng.normal(0, 5, SHAPE)
        name = f"{number}.png"
        cv2.imwrite(str(folder / name), np.clip(grey, 0, 255).astype(np.uint8))
        rows.append(
            {
                "file": name,
                "label": "normal" if number < normal else "nodule",
                "person": f"p{number // 2}",
                "source": "A",
                "view": "PA" if number % 3 else "AP",
                "split": "train" if number // 2 % 3 else "test",
            }
        )
    with (folder / "labels.csv").open("w", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("films") / "cxr")


@pytest.fixture(scope="module")
def real(table: Path) -> ImageSet:
    return read_images(table, columns=COLUMNS, progress=False)


@pytest.fixture(scope="module")
def bank(real: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> SampleBank:
    """A bank with three nodules painted into normal films by the lesion priors."""
    synthesizer, bank = FakeSynthesizer(), SampleBank(tmp_path_factory.mktemp("banks") / "bank")
    requests = [
        SynthesisRequest(
            source=one.digest,
            lesion=resolve_lesion("nodule"),
            engine=synthesizer.fingerprint,
            seed=0,
            slot=str(n),
        )
        for n, one in enumerate(real.of("normal").images[:3])
    ]
    generate(requests, synthesizer, bank, store(bank, real), progress=False)
    return bank


def store(bank: SampleBank, real: ImageSet) -> SourceStore:
    from medsynth_aug.synthesis import SourceImage

    known = {one.digest: SourceImage(one.pixels, one.value_range, None, one.digest) for one in real}
    return SourceStore(bank, known.get)


def film(name: str, *, label: str = "nodule", patient: str = "x", seed: int = 0) -> EvaluationImage:
    pixels = torch.from_numpy(np.random.default_rng(seed).integers(0, 255, (1, *SHAPE)).astype(np.uint8))
    return EvaluationImage(
        name=name,
        pixels=pixels,
        value_range=ValueRange(0, 255),
        label=label,
        patient=patient,
        digest=f"real:{seed}",
    )


def test_a_table_is_read_with_patients_and_strata(real: ImageSet) -> None:
    assert len(real) == 12 and real.labels == ("nodule", "normal")
    first = real.images[1]
    assert (first.name, first.patient, first.stratum, first.origin) == ("1.png", "p0", "A PA", "real")
    assert first.grey.shape == SHAPE and first.grey.min() >= 0 and first.grey.max() <= 1


def test_one_split_keeps_its_own_strata(table: Path) -> None:
    test = read_images(table, columns=COLUMNS, split="test", progress=False)
    assert [one.name for one in test] == ["0.png", "1.png", "6.png", "7.png"]
    assert [one.stratum for one in test] == ["A AP", "A PA", "A AP", "A PA"]


def test_a_folder_makes_every_image_its_own_patient(tmp_path: Path) -> None:
    for label in ("normal", "nodule"):
        (tmp_path / label).mkdir()
        for number in range(2):
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), np.full(SHAPE, 40 + number, np.uint8))
    found = read_images(tmp_path, progress=False)
    assert len(set(found.patients)) == 4 and found.images[0].name == "nodule/0.png"


def test_boxes_mark_the_lesion_of_their_class_only(table: Path, tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("file,label,x,y,w,h\n8.png,Nodule,10,20,5,6\n8.png,Mass,0,0,9,9\n")
    found = {one.name: one for one in read_images(table, columns=COLUMNS, boxes=boxes, progress=False)}
    mask = found["8.png"].mask
    assert mask is not None and mask.sum() == 30 and mask[20:26, 10:15].all()
    assert found["9.png"].mask is None
    (tmp_path / "bad.csv").write_text("file,label\n")
    (tmp_path / "bad.csv").write_text("file,label\nx,y\n")
    with pytest.raises(UnreadableFileError, match="needs the columns file, label, x, y, w, h"):
        read_images(table, columns=COLUMNS, boxes=tmp_path / "bad.csv", progress=False)


def test_a_sample_has_the_patient_and_stratum_of_its_source(bank: SampleBank, real: ImageSet) -> None:
    painted = read_bank(bank, real, classes={"nodule": "nodule"}, progress=False)
    sources = find_sources(painted, real)
    assert len(painted) == 3
    for one in painted:
        source = sources[one.source or ""]
        assert (one.patient, one.stratum, one.origin) == (source.patient, source.stratum, "painted")
        assert one.edit_region is not None and (one.grey != source.grey)[one.edit_region].any()
        assert (one.grey == source.grey)[~one.edit_region].all()


def test_a_lesion_in_a_synthetic_image_is_virtual_and_one_in_a_copy_of_a_film_is_painted(
    bank: SampleBank, real: ImageSet, tmp_path: Path
) -> None:
    virtual = SampleBank(tmp_path / "virtual")
    (patient,) = make_patients(virtual, 1).patients
    found = {one.digest: one for one in read_bank(virtual, real, progress=False)}
    shown = found[f"sample:{patient.images[0].sample}"]
    assert (shown.origin, shown.label) == ("virtual", patient.findings[-1].lesion)
    again = bank.get(bank.digests()[0]).request
    request = replace(again, source=f"sample:{again.digest}", slot="on top")
    generate([request], FakeSynthesizer(), bank, store(bank, real), progress=False)
    try:
        (painted,) = read_bank(bank, real, digests=[request.digest], progress=False)
        assert painted.origin == "painted"
    finally:
        bank.forget(request.digest)


def test_a_source_that_is_nowhere_is_left_out(bank: SampleBank, real: ImageSet) -> None:
    painted = read_bank(bank, real.of("nodule"), progress=False)
    assert all(one.patient.startswith("unknown patient of real:") for one in painted)
    assert find_sources(painted, real.of("nodule"), bank) == {}


def test_what_is_no_bank_is_named(tmp_path: Path, real: ImageSet) -> None:
    with pytest.raises(UnreadableFileError, match=r"holds no bank\.sqlite"):
        read_bank(tmp_path, real)
    with pytest.raises(LabelError, match="holds no sample"):
        read_bank(SampleBank(tmp_path / "empty"), real, progress=False)


def test_shams_imitate_the_lesions_in_other_films_and_are_made_once(bank: SampleBank, real: ImageSet) -> None:
    negatives = real.of("normal")
    report = paint_shams(bank, FakeSynthesizer(), negatives, 4, progress=False)
    again = paint_shams(bank, FakeSynthesizer(), negatives, 4, progress=False)
    assert (report.made, again.made, again.reused) == (4, 0, 4)
    shams = read_bank(bank, real, progress=False).where(lambda one: one.origin == "sham")
    assert len(shams) == 4 and len(set(shams.patients)) == 4
    assert all(one.mask is not None and not one.mask.any() for one in shams)


def test_shams_that_cannot_be_made_are_named(bank: SampleBank, real: ImageSet) -> None:
    painted = [bank.get(digest).request for digest in bank.digests(purpose="lesion")]
    with pytest.raises(LabelError, match="need as many images without a lesion; 8 are there"):
        sham_requests(painted, real.of("normal"), 9, engine="x")
    with pytest.raises(LabelError, match="no painted lesion that a sham could imitate"):
        sham_requests([], real, 1, engine="x")

    class Other(FakeSynthesizer):
        fingerprint = "another"  # type: ignore[assignment]

    with pytest.raises(SettingError, match="shams must come from the same"):
        paint_shams(bank, Other(), real.of("normal"), 1, progress=False)


def test_classes_without_a_counterpart_are_named() -> None:
    real, synthetic = (
        image_set("films", [film("a")]),
        image_set("bank", [film("b", label="fracture", seed=1, patient="y")]),
    )
    with pytest.raises(
        LabelError, match="no class has real and synthetic images: films has nodule, bank has fracture"
    ):
        check_comparable(real, synthetic)
    both = image_set("bank", [*synthetic, film("c", seed=2, patient="y")])
    check_comparable(real, both)
    assert list(one_sided(real, both)) == ["fracture"]


def test_another_bit_depth_is_named() -> None:
    pixels = torch.zeros(1, *SHAPE, dtype=torch.int16)
    wide = replace(film("b", seed=1, patient="y"), pixels=pixels, value_range=ValueRange(0, 4095))
    with pytest.raises(
        GridError, match="films holds 1 x uint8 from 0 to 255, bank holds 1 x int16 from 0 to 4095"
    ):
        check_comparable(image_set("films", [film("a")]), image_set("bank", [wide]))


def test_sizes_without_one_in_common_are_named() -> None:
    small = replace(film("b", seed=1, patient="y"), pixels=torch.zeros(1, 64, 64, dtype=torch.uint8))
    with pytest.raises(GridError, match="no image size is common: films has 140 x 150, bank has 64 x 64"):
        check_comparable(image_set("films", [film("a")]), image_set("bank", [small]))


def test_a_real_image_among_the_synthetic_ones_is_named() -> None:
    with pytest.raises(ImageError, match="1 images of bank are real images, pixel for pixel: b is a"):
        check_comparable(image_set("films", [film("a")]), image_set("bank", [film("b", patient="y")]))


def test_a_patient_on_both_sides_is_named_unless_a_lesion_was_painted_into_a_film_of_theirs() -> None:
    real, other = image_set("films", [film("a")]), film("b", seed=1)
    with pytest.raises(SplitLeakError, match="1 patients have real and synthetic images: x"):
        check_comparable(real, image_set("bank", [other]))
    painted = image_set("bank", [replace(other, source="real:9", origin="painted")])
    check_comparable(real, painted)
    kept, left_out = without_painted_patients(
        image_set("films", [film("a"), film("c", patient="z")]), painted
    )
    assert [one.name for one in kept] == ["c"] and left_out == 1
