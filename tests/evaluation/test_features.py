"""Kept features are trusted only as long as they are what was written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from medsynth_aug.evaluation.extraction.extractors import load_extractor
from medsynth_aug.evaluation.extraction.features import features_of
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.types import ValueRange


class Corners(nn.Module):
    """The four corners of an image, and a count of what it looked at."""

    num_features = 4
    input_size = 8

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        self.seen += len(grey)
        return grey[:, 0, ::7, ::7].flatten(1)


def film(number: int) -> EvaluationImage:
    pixels = torch.from_numpy(np.random.default_rng(number).integers(0, 255, (1, 12, 9)).astype(np.uint8))
    return EvaluationImage(
        name=f"{number}", pixels=pixels, value_range=ValueRange(0, 255), label="x", patient=f"{number}",
        digest=f"real:{number}",
    )  # fmt: skip


def test_a_flipped_bit_in_a_kept_row_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extractor = load_extractor(Corners(), device="cpu")
    films = [film(0), film(1)]
    first = features_of(films, extractor, cache=tmp_path, progress=False)
    kept = next(tmp_path.glob("*.safetensors"))
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(bytes(content))
    assert np.array_equal(features_of(films, extractor, cache=tmp_path, progress=False), first)
    assert "is damaged (its checksum differs)" in capsys.readouterr().err


def test_two_caches_that_grow_at_the_same_time_keep_both(tmp_path: Path) -> None:
    module = Corners()
    extractor = load_extractor(module, device="cpu")
    features_of([film(0)], extractor, cache=tmp_path, progress=False)
    features_of([film(1)], extractor, cache=tmp_path, progress=False)
    features_of([film(1), film(0)], extractor, cache=tmp_path, progress=False)
    assert module.seen == 2
    assert not list(tmp_path.glob("*.partial"))


def test_rows_are_in_the_order_of_the_images_over_several_batches(tmp_path: Path) -> None:
    extractor = load_extractor(Corners(), device="cpu")
    films = [film(number) for number in range(70)]
    features_of(films[::3], extractor, cache=tmp_path, progress=False)
    mixed = features_of(films, extractor, cache=tmp_path, progress=False)
    assert np.array_equal(mixed, features_of(films, extractor, progress=False))
    assert mixed.dtype == np.float32 and mixed.shape == (70, 4)


def test_progress_is_shown_and_can_be_silenced(capsys: pytest.CaptureFixture[str]) -> None:
    extractor = load_extractor(Corners(), device="cpu")
    features_of([film(0)], extractor)
    assert "Features (whole)" in capsys.readouterr().err
    features_of([film(0)], extractor, progress=False)
    assert capsys.readouterr().err == ""
