"""The privacy check on samples of a bank: named by digest, not run without an index, and copies are seen."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.bank import SampleBank
from medsynth_aug.corpus import check_privacy
from medsynth_aug.diffusion.training_index import TrainingIndex, build_index
from medsynth_aug.types import Grey
from tests.corpus.conftest import make
from tests.corpus.test_gate import gate, why

FILMS = sorted((Path(__file__).parents[2] / "examples" / "data" / "images").glob("*.jpg"))[:60]


def film(file: Path) -> np.ndarray:
    pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return np.asarray(cv2.resize(pixels, (96, 96), interpolation=cv2.INTER_AREA))


def lungs_of(grey: Grey) -> torch.Tensor:
    return segment_lungs(np.asarray(grey, np.float32))


def index_of(pixels: list[np.ndarray]) -> TrainingIndex:
    """The index of a checkpoint that was trained on these films, each of another patient."""
    names = [str(number) for number in range(len(pixels))]
    lungs = [lungs_of(one / np.float32(255)).numpy() for one in pixels]
    return build_index(names, pixels, lungs, groups=names)


def test_without_a_training_index_nothing_is_claimed(filled: SampleBank) -> None:
    report = check_privacy(filled, filled.digests(), index=None, progress=False)
    assert not report.ran
    assert "carries no training index" in report.reason


def test_samples_stand_under_their_digests_and_a_training_film_is_called_a_copy(bank: SampleBank) -> None:
    films = [film(file) for file in FILMS]
    whole, digest = make(bank, 1).patients[0].images[0].chain
    request = replace(bank.get(whole).request, slot="planted")
    copy = replace(bank.get(whole), request=request, image=torch.from_numpy(films[7])[None])
    bank.add(copy)
    report = check_privacy(
        bank, [digest, copy.digest, "0" * 64], index=index_of(films), segment=lungs_of, progress=False
    )
    assert report.ran
    assert {row["name"] for row in report.rows} == {digest, copy.digest}
    assert report.copies == (copy.digest,)
    refused = gate(bank, privacy=report).check([copy.digest])
    assert "the privacy check calls it a copy of a training film" in why(refused, copy.digest)
    assert gate(bank, privacy=report).check([digest]).passed == (digest,)
