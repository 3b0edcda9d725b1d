"""What a checkpoint is looked at and measured with: sheets at 1:1, a trial on unseen films, figures."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth_aug.errors import LabelError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, Job, SynthesisRequest, SyntheticSample, real_source
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_radiographs
from medsynth_aug.training.starter.looking.figures import autoencoder_figures
from medsynth_aug.training.starter.looking.sheets import (
    CAPTION_PX,
    healthy_radiographs,
    lesion_sheet,
    tile,
    triple,
    whole_sheet,
)
from medsynth_aug.training.starter.looking.trial import class_of, trial_requests, write_table
from medsynth_aug.training.starter.stages.autoencoder import build_autoencoder
from medsynth_aug.types import box_of, to_grey

FAKE = FakeSynthesizer()


def film(labels: str, source: str = "NIH ChestX-ray14", number: int = 0, **row: str) -> Radiograph:
    rng = np.random.default_rng(number)
    pixels = rng.integers(40, 200, (120, 110), dtype=np.uint8)
    named = {"file": f"{number}.png", "labels": labels, "patient_id": f"p{number}", "source": source}
    return Radiograph(pixels, {**named, **row})


def painted(one: Radiograph) -> tuple[SyntheticSample, np.ndarray]:
    source = real_source(torch.from_numpy(one.pixels)[None], spacing_mm=(2.6, 2.6))
    request = SynthesisRequest(
        source=source.digest, lesion=resolve_lesion("nodule"), engine=FAKE.fingerprint, seed=0, slot="0"
    )
    (sample,) = FAKE.synthesize([Job(request, source, anatomy=FAKE.segment(source))])
    assert isinstance(sample, SyntheticSample), sample
    return sample, to_grey(source.pixels, source.value_range)


def test_a_triple_shows_source_result_and_difference_pixel_for_pixel() -> None:
    sample, source = painted(film("No Finding"))
    cell = 64
    before, after, difference = np.split(triple(sample, source, cell), 3, axis=1)
    box = box_of(sample.edit_region)
    assert box is not None
    top, left = (box.y0 + box.y1 - cell) // 2, (box.x0 + box.x1 - cell) // 2
    row, column = 32, 32
    assert before[row, column] == round(255 * source[top + row, left + column])
    assert after[row, column] == sample.image[0, top + row, left + column]
    untouched = before == after
    assert set(np.unique(difference[untouched])) == {128}
    assert (difference != 128).any()


def test_pictures_are_tiled_in_rows_under_a_caption() -> None:
    sheet = tile([np.full((10, 600), 200, np.uint8)] * 3, "three")
    assert sheet.shape == (CAPTION_PX + 2 * 13, 2 * 606)


def test_a_sheet_holds_as_many_lesions_as_were_asked_each_in_another_film() -> None:
    films = [film("No Finding", number=number) for number in range(5)]
    sheet = lesion_sheet(FAKE, films, "nodule", count=3, seed=0)
    alone = lesion_sheet(FAKE, films, "nodule", count=1, seed=0)
    wide = 3 * 128 + 6
    assert sheet.shape[1] == 3 * wide
    first, second, third = (sheet[CAPTION_PX:, wide * number : wide * (number + 1)] for number in range(3))
    assert np.array_equal(first, alone[CAPTION_PX:])
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)
    assert whole_sheet(FAKE, films, count=2, seed=0, side=64).shape == (CAPTION_PX + 67, 2 * 134)


def test_only_healthy_films_that_keep_their_aspect_are_painted_into(radiograph_folder: Path) -> None:
    found = healthy_radiographs(radiograph_folder, pool="starter")
    assert {one.labels for one in found} == {("No Finding",)}
    with pytest.raises(LabelError, match="no healthy image of source 'Mars' in pool 'starter'"):
        healthy_radiographs(radiograph_folder, pool="starter", source="Mars")


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (film("No Finding"), "normal"),
        (film("Effusion|Pneumothorax"), "pneumothorax"),
        (film("Pneumonia|Viral"), "viral_consolidation"),
        (film("Cardiomegaly"), None),
        (film("Nodule", geometry="stretched to 224x224 upstream"), None),
    ],
)
def test_a_film_takes_part_by_its_rarest_lesion(one: Radiograph, expected: str | None) -> None:
    assert class_of(one) == expected


def test_a_trial_paints_into_normal_films_of_the_hospital_that_has_the_lesion(tmp_path: Path) -> None:
    films = [
        *(film("No Finding", number=number) for number in range(4)),
        *(film("Normal", "Kermany 2018", number=number) for number in range(4, 8)),
        film("Nodule", number=8),
        film("Pneumonia|Viral", "Kermany 2018", number=9),
        film("Hernia", number=10),
    ]
    counts = write_table(films, tmp_path, tmp_path / "real.csv")
    assert counts == {"normal": 8, "nodule": 1, "viral_consolidation": 1}
    with (tmp_path / "real.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["label"] for row in rows] == ["normal"] * 8 + ["nodule", "viral_consolidation"]
    sources = {
        number: real_source(torch.from_numpy(one.pixels)[None]) for number, one in enumerate(films[:8])
    }
    requests = trial_requests(films, sources, FAKE.fingerprint, each=3, seed=0)
    of_digest = {source.digest: number for number, source in sources.items()}
    homes = [(one.lesion_name, of_digest[one.source] // 4) for one in requests]
    assert sorted(homes) == [("nodule", 0)] * 3 + [("viral_consolidation", 1)] * 3
    assert len({one.source for one in requests}) == 6
    with pytest.raises(LabelError, match="no film of the pool has a lesion of the trial"):
        trial_requests(films[:8], sources, FAKE.fingerprint, each=3, seed=0)


def test_figures_of_the_autoencoder_come_with_interval_and_n(radiograph_folder: Path) -> None:
    radiographs = read_radiographs(radiograph_folder, pool="starter")
    vae = build_autoencoder().eval()
    ratio, similarity = autoencoder_figures(vae, radiographs, count=6, size=64)
    assert (ratio.n, similarity.n) == (6, 6)
    assert ratio.low <= ratio.mean <= ratio.high
    assert -1 <= similarity.low <= similarity.high < 0.9
