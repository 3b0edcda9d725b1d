"""The public fake keeps the seam's promises: order, refusals, the user's maps, no side effects."""

import pickle
import random

import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.synthesis import (
    DenoisingStep,
    FakeSynthesizer,
    Job,
    Refusal,
    SourceImage,
    Synthesizer,
    SyntheticSample,
)
from medsynth_aug.types import box_of
from tests.synthesis.material import RANGES, job, thorax


def synthesize(*jobs: Job) -> list[SyntheticSample | Refusal]:
    return FakeSynthesizer().synthesize(jobs)


def sample_of(one: Job) -> SyntheticSample:
    (made,) = synthesize(one)
    assert isinstance(made, SyntheticSample), made
    return made


def refusal_of(one: Job) -> Refusal:
    (refused,) = synthesize(one)
    assert isinstance(refused, Refusal)
    return refused


def damaged(source: SourceImage, pixels: torch.Tensor) -> SourceImage:
    """A source whose pixels went bad after it was digested."""
    return SourceImage(pixels, source.value_range, source.spacing, source.digest)


def disc(
    shape: tuple[int, int] = (120, 110), row: int = 60, column: int = 32, radius: int = 6
) -> torch.Tensor:
    rows, columns = torch.arange(shape[0])[:, None], torch.arange(shape[1])[None]
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)[None]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", list(RANGES), ids=str)
def test_a_sample_keeps_background_dtype_and_size(dtype: torch.dtype, channels: int) -> None:
    source = thorax(dtype, channels)
    made = sample_of(job(source))
    assert made.image.dtype == dtype
    assert made.image.shape == source.pixels.shape
    outside = ~made.edit_region.expand(made.image.shape)
    assert torch.equal(made.image.to(torch.float64)[outside], source.pixels.to(torch.float64)[outside])
    assert not torch.equal(made.image, source.pixels)
    assert bool(made.edit_region[made.mask].all())
    assert made.box == box_of(made.mask)


@pytest.mark.parametrize("shape", [(120, 110), (97, 143), (161, 90)])
def test_odd_portrait_and_landscape_images_work(shape: tuple[int, int]) -> None:
    made = sample_of(job(thorax(shape=shape)))
    assert made.mask.shape == (1, *shape)
    assert bool(made.mask.any())


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 109), (119, 0), (119, 109), (60, 0)])
def test_a_mask_at_the_border_is_painted(row: int, column: int) -> None:
    source, mask = thorax(), disc(row=row, column=column)
    made = sample_of(job(source, mask=mask))
    assert torch.equal(made.mask, mask)
    outside = ~made.edit_region
    assert torch.equal(made.image[outside], source.pixels[outside])


def test_one_bad_job_never_fails_the_others() -> None:
    good, bad = thorax(), thorax(torch.float32)
    pixels = bad.pixels.clone()
    pixels[0, 3, 4] = float("nan")
    alone = sample_of(job(good, slot="a"))
    first, second, third = synthesize(
        job(good, slot="a"), job(damaged(bad, pixels), slot="b"), job(good, slot="c")
    )
    assert isinstance(first, SyntheticSample)
    assert torch.equal(first.image, alone.image)
    assert isinstance(second, Refusal)
    assert second.final
    assert "NaN or infinity, first at (channel, row, column) [0, 3, 4]" in second.reason
    assert isinstance(third, SyntheticSample)
    assert [one.request.slot for one in (first, second, third)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("maps", "reason"),
    [
        (
            {"mask": torch.zeros(1, 120, 110, dtype=torch.bool)},
            "mask is empty; a lesion needs at least one pixel",
        ),
        ({"mask": torch.ones(1, 60, 55, dtype=torch.bool)}, "image is (1, 120, 110) but mask is (1, 60, 55)"),
        ({"mask": torch.ones(1, 120, 110)}, "mask is torch.float32; it is a truth value per pixel"),
        ({"keep_mask": torch.ones(1, 9, 9, dtype=torch.bool)}, "but keep_mask is (1, 9, 9)"),
        ({"anatomy": torch.ones(1, 120, 110, dtype=torch.bool)}, "anatomy is (1, 120, 110); it is (2, H, W)"),
        ({"anatomy": torch.ones(2, 8, 8, dtype=torch.bool)}, "but anatomy is (2, 8, 8)"),
    ],
    ids=[
        "empty mask",
        "mask off grid",
        "mask not boolean",
        "keep-mask off grid",
        "one lung",
        "anatomy off grid",
    ],
)
def test_a_map_that_cannot_be_used_is_refused_for_good(maps: dict, reason: str) -> None:
    refused = refusal_of(job(thorax(), **maps))
    assert refused.final
    assert reason in refused.reason


def test_values_out_of_range_are_refused() -> None:
    source = thorax(torch.float32)
    assert "outside value_range (0, 1)" in refusal_of(job(damaged(source, source.pixels * 9))).reason


def test_channels_that_differ_are_refused() -> None:
    source = thorax(channels=3)
    pixels = source.pixels.clone()
    pixels[1] += 1
    assert "three channels of the image differ" in refusal_of(job(damaged(source, pixels))).reason


def test_an_anatomy_without_lungs_is_refused_with_the_reason() -> None:
    nothing = torch.zeros(2, 120, 110, dtype=torch.bool)
    refused = refusal_of(job(thorax(), anatomy=nothing))
    assert "no place for nodule was found in this anatomy" in refused.reason


def test_the_users_anatomy_wins() -> None:
    anatomy = torch.zeros(2, 120, 110, dtype=torch.bool)
    anatomy[1] = schematic_lungs((120, 110))[1]
    for slot in range(6):
        made = sample_of(job(thorax(), anatomy=anatomy, slot=str(slot)))
        assert bool(made.mask[0, :, 55:].any())
        assert made.provenance["side"] == "left"
        assert made.provenance["anatomy_given"]


def test_the_users_mask_wins() -> None:
    made = sample_of(job(thorax(), mask=disc()))
    assert torch.equal(made.mask, disc())
    assert made.provenance["mask_given"]


def test_what_the_keep_mask_covers_is_never_painted() -> None:
    source, keep = thorax(), torch.zeros(1, 120, 110, dtype=torch.bool)
    keep[:, 58:64] = True
    made = sample_of(job(source, mask=disc(), keep_mask=keep))
    assert not bool((made.edit_region & keep).any())
    assert torch.equal(made.mask, disc() & ~keep)
    assert torch.equal(made.image[keep], source.pixels[keep])


def test_a_keep_mask_over_everything_is_a_refusal() -> None:
    keep = torch.ones(1, 120, 110, dtype=torch.bool)
    assert "keep-mask covers it" in refusal_of(job(thorax(), mask=disc(), keep_mask=keep)).reason


def test_a_sham_has_a_region_and_no_lesion() -> None:
    made = sample_of(job(thorax(), purpose="sham"))
    assert not bool(made.mask.any())
    assert made.box is None
    assert bool(made.edit_region.any())


def test_a_request_gives_the_same_sample_whatever_its_companions() -> None:
    one = job(thorax(), slot="a")
    alone = sample_of(one)
    among = synthesize(job(thorax(seed=5), "pneumothorax", slot="x"), one)[1]
    assert isinstance(among, SyntheticSample)
    assert torch.equal(alone.image, among.image)
    assert torch.equal(alone.mask, among.mask)
    assert not torch.equal(alone.mask, sample_of(job(thorax(), slot="b")).mask)


def test_no_global_random_state_is_read_or_changed() -> None:
    before = (torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate())  # noqa: NPY002
    first = sample_of(job(thorax()))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        assert torch.equal(sample_of(job(thorax())).image, first.image)


def test_progress_names_the_requests() -> None:
    seen: list[DenoisingStep] = []
    one = job(thorax())
    FakeSynthesizer().synthesize([one], seen.append)
    assert seen == [DenoisingStep((one.request.digest,), 1, 1)]


def test_the_fake_is_a_synthesizer_and_pickles() -> None:
    again = pickle.loads(pickle.dumps(FakeSynthesizer()))
    assert isinstance(again, Synthesizer)
    assert again.fingerprint == FakeSynthesizer().fingerprint


def test_no_jobs_are_no_samples() -> None:
    assert synthesize() == []
