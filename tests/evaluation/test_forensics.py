"""Traces are finite, see each kind of processing, and see nothing of what lies outside their region."""

import time

import numpy as np
import pytest

from medsynth_aug.evaluation.audits.forensics import FEWEST_PX, RIM_TRACES, TRACES, rim_traces, traces
from medsynth_aug.evaluation.audits.views import look
from tests.evaluation.phantoms import (
    SHAPE,
    Edit,
    decoded,
    edited,
    encoded_again,
    film,
    region_of,
    resampled,
    shifted,
    stretched,
)


def disc(pixels: int) -> np.ndarray:
    """The pixels that lie nearest to the middle."""
    rows, columns = np.indices(SHAPE)
    distance = np.hypot(rows - 50.2, columns - 60.4)
    return np.asarray(distance <= np.sort(distance, axis=None)[pixels - 1])


def test_traces_are_finite_down_to_the_smallest_region_and_for_flat_images() -> None:
    flat = np.zeros(SHAPE, np.float32)
    for grey in (film(0).grey, flat, flat + 1, flat + 0.3):
        for region in (disc(FEWEST_PX), disc(500), region_of(0), ~region_of(0), flat == 0):
            assert np.isfinite(traces(grey, region)).all() and len(traces(grey, region)) == TRACES
        assert np.isfinite(rim_traces(grey, disc(FEWEST_PX))).all()
    assert len(rim_traces(film(0).grey, region_of(0))) == RIM_TRACES


def test_a_region_that_is_too_small_has_no_traces() -> None:
    for few in (disc(FEWEST_PX - 1), np.zeros(SHAPE, bool)):
        assert np.isnan(traces(film(0).grey, few)).all() and np.isnan(rim_traces(film(0).grey, few)).all()
    assert np.isnan(rim_traces(film(0).grey, np.ones(SHAPE, bool))).all()


def test_an_image_narrower_than_a_block_has_traces_too() -> None:
    assert np.isfinite(traces(np.random.default_rng(0).random((5, 40), np.float32))).all()


@pytest.mark.parametrize("edit", [encoded_again, stretched, shifted, resampled])
def test_each_kind_of_processing_moves_a_trace_beyond_what_films_differ_by(edit: Edit) -> None:
    plain = np.stack([traces(film(seed).grey) for seed in range(30)])
    after = np.stack([traces(edited(film(seed), edit).grey) for seed in range(30)])
    spread = np.maximum(np.sqrt((plain.var(0) + after.var(0)) / 2), 1e-3)
    assert (np.abs(after.mean(0) - plain.mean(0)) / spread).max() > 1.5


def test_the_rim_shows_a_region_that_lost_its_texture() -> None:
    plain = np.stack([rim_traces(film(seed).grey, region_of(seed)) for seed in range(10)])
    after = np.stack([rim_traces(edited(film(seed), decoded).grey, region_of(seed)) for seed in range(10)])
    assert (np.abs(after.mean(0) - plain.mean(0)) / np.maximum(plain.std(0), 1e-3)).max() > 3


def test_what_happens_inside_never_shows_outside() -> None:
    one = film(0)
    sham = edited(one, lambda pixels, region: np.where(region, 255 - pixels, pixels).astype(np.uint8))
    both = look([one, sham], [region_of(0)] * 2, "outside", rim=False, progress=False)
    assert (both[0] == both[1]).all()


def test_traces_of_a_whole_radiograph_are_quick() -> None:
    grey = np.random.default_rng(0).random((512, 512), np.float32)
    spent = []
    for _ in range(4):
        started = time.process_time()
        traces(grey)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.15
