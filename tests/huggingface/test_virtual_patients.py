"""The builder makes of a corpus what `datasets` understands, and refuses what must not be in it."""

from pathlib import Path

import datasets
import numpy as np
import pytest
from datasets import ClassLabel, Image, List

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import PublishError, SettingError
from medsynth_huggingface import (
    Corpus,
    CorpusFinding,
    CorpusImage,
    CorpusPatient,
    ReaderAnswer,
    SplitShares,
    VirtualPatients,
    pixels_digest,
)
from tests.huggingface.material import make, on_a_real_image, painted, virtual_corpus, whole


def built(corpus: Corpus, config: str, folder: Path, **given: object) -> datasets.DatasetDict:
    builder = VirtualPatients(corpus, config, cache_dir=str(folder), **given)  # type: ignore[arg-type]
    builder.download_and_prepare()
    return builder.as_dataset()


def refused(corpus: Corpus, folder: Path) -> str:
    """What the builder says of a corpus that it cannot take."""
    with pytest.raises(datasets.exceptions.DatasetGenerationError) as raised:
        built(corpus, "images", folder)
    assert isinstance(raised.value.__cause__, PublishError)
    return str(raised.value.__cause__)


def with_image(bank: SampleBank, image: CorpusImage) -> Corpus:
    patient = CorpusPatient(id="vp-1", sex="male", age_years=50, view="AP", images=(image,))
    return Corpus(patients=(patient,), samples=bank)


def test_the_default_configuration_is_images(corpus: Corpus, tmp_path: Path) -> None:
    assert VirtualPatients(corpus, cache_dir=str(tmp_path)).config.name == "images"


def test_columns_have_the_types_that_datasets_names(corpus: Corpus, tmp_path: Path) -> None:
    columns = {config: VirtualPatients(corpus, config, cache_dir=str(tmp_path)).info.features
               for config in ("images", "masks", "boxes")}  # fmt: skip
    assert columns["images"]["label"] == ClassLabel(names=["normal", "effusion", "nodule"])
    assert columns["masks"]["masks"] == List(Image())
    assert isinstance(columns["boxes"]["objects"]["bbox"], List)


def test_a_patient_with_two_lesions_has_both(corpus: Corpus, tmp_path: Path) -> None:
    both = corpus.patients[-1]
    rows = {row["patient_id"]: row for split in built(corpus, "masks", tmp_path).values() for row in split}
    row = rows[both.id]
    assert len(row["masks"]) == len(row["categories"]) == len(row["provenance"]["chain"]) - 1 == 2
    assert row["label"] == row["findings"]["lesion"][-1] == row["categories"][-1]
    assert all(size > 0 for size in row["findings"]["size_mm"])
    assert len([one for one in rows.values() if not one["masks"]]) >= 2


def test_sixteen_bits_come_back_as_they_were(tmp_path: Path) -> None:
    corpus = virtual_corpus(tmp_path, count=3, dtype="uint16")
    for rows in built(corpus, "images", tmp_path / "cache").values():
        for row in rows:
            stored = corpus.samples.get(row["image_id"]).image[0].numpy()
            assert stored.dtype == np.array(row["image"]).dtype == np.uint16
            assert (np.array(row["image"]) == stored).all()
            assert pixels_digest(row["image"]) == row["pixels_sha256"]


def test_pixels_that_png_cannot_hold_are_refused(tmp_path: Path) -> None:
    corpus = virtual_corpus(tmp_path, count=1, dtype="int16")
    assert 'PNG cannot hold; make virtual patients with a canvas of dtype "uint8" or "uint16"' in refused(
        corpus, tmp_path / "cache"
    )


def test_a_lesion_on_a_real_image_is_refused(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    digest, real = on_a_real_image(bank)
    image = CorpusImage(sample=digest, findings=(CorpusFinding(lesion="nodule", sample=digest),))
    said = refused(with_image(bank, image), tmp_path)
    assert "is painted on a real image" in said
    assert real.removeprefix("real:") not in said


def test_a_chain_through_a_real_image_is_refused_however_long(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    digest, _ = on_a_real_image(bank)
    above = painted(f"sample:{digest}", "effusion", "above")
    make(bank, [above])
    findings = tuple(
        CorpusFinding(lesion=lesion, sample=one)
        for lesion, one in (("nodule", digest), ("effusion", above.digest))
    )
    corpus = with_image(bank, CorpusImage(sample=above.digest, findings=findings))
    assert "is painted on a real image" in refused(corpus, tmp_path)


def test_a_missing_link_is_refused(tmp_path: Path) -> None:
    bank = SampleBank(tmp_path / "bank")
    below = whole(bank, 0)
    above = painted(f"sample:{below.digest}", "nodule", "above")
    make(bank, [below])
    make(bank, [above])
    bank.forget(below.digest)
    image = CorpusImage(sample=above.digest, findings=(CorpusFinding(lesion="nodule", sample=above.digest),))
    assert "lacks a link" in refused(with_image(bank, image), tmp_path)


def test_a_lesion_that_no_finding_names_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    image = corpus.patients[-1].images[0]
    left_out = CorpusImage(sample=image.sample, findings=image.findings[:1])
    assert "has 2 painted lesions and 1 findings" in refused(with_image(corpus.samples, left_out), tmp_path)
    wrong = CorpusFinding(lesion="mass", sample=image.sample)
    swapped = CorpusImage(sample=image.sample, findings=(image.findings[0], wrong))
    assert "in which no such lesion was painted" in refused(with_image(corpus.samples, swapped), tmp_path)


def test_real_items_of_a_study_are_only_counted(corpus: Corpus, tmp_path: Path) -> None:
    rows = list(built(corpus, "reader-study", tmp_path)["test"])
    ours = [row for row in rows if row["truth"] == 1]
    real = [row for row in rows if row["truth"] == 0]
    assert len(ours) == 2 * len(corpus.patients) and all(row["count"] == 1 for row in ours)
    assert {row["image_id"] for row in ours} == set(corpus.digests)
    assert [(row["answer"], row["count"], row["image_id"], row["confidence"]) for row in real] == [
        (0, 9, None, None), (1, 1, None, None),
    ]  # fmt: skip
    assert {row["reader"] for row in rows} == {"reader 1", "reader 2"}


def test_a_study_is_needed_for_its_configuration(corpus: Corpus) -> None:
    bare = Corpus(patients=corpus.patients, samples=corpus.samples)
    with pytest.raises(SettingError, match="the corpus has no reader study; run one"):
        VirtualPatients(bare, "reader-study")
    with pytest.raises(SettingError, match="there is no configuration 'scans'; choose from images, masks"):
        VirtualPatients(bare, "scans")


def test_shares_of_the_splits_are_kept_within_chance() -> None:
    shares = SplitShares(train=0.7, validation=0.2)
    found = [shares.split_of(f"vp-{number}") for number in range(4000)]
    assert 0.67 < found.count("train") / 4000 < 0.73
    assert 0.08 < found.count("test") / 4000 < 0.12
    with pytest.raises(SettingError, match="at most 1 together"):
        SplitShares(train=0.9, validation=0.2)


def test_what_cannot_be_in_a_corpus_is_said(corpus: Corpus) -> None:
    first = corpus.patients[0]
    with pytest.raises(SettingError, match=f"patient {first.id} stands in the corpus twice"):
        Corpus(patients=(first, first), samples=corpus.samples)
    with pytest.raises(SettingError, match=r"an answer is on .*, which is not in the corpus"):
        Corpus(
            patients=(first,), samples=corpus.samples,
            answers=(ReaderAnswer(sample="0" * 64, reader="A", answer="real", confidence=1),),
        )  # fmt: skip
    with pytest.raises(SettingError, match="confidence is 6; give 1 to 5"):
        ReaderAnswer(sample=None, reader="A", answer="real", confidence=6)
    with pytest.raises(SettingError, match=r"confidence is '4'; it must be a whole number"):
        ReaderAnswer(sample=None, reader="A", answer="real", confidence="4")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"'\.\./x' is no plain name"):
        CorpusPatient(id="../x", sex="male", age_years=1, view="PA", images=first.images)
    with pytest.raises(SettingError, match="has no image; leave the patient out"):
        CorpusPatient(id="x", sex="male", age_years=1, view="PA", images=())
    with pytest.raises(SettingError, match="classes lacks effusion, nodule, which the corpus has"):
        VirtualPatients(corpus, classes=["normal"])
