"""What the real engine promises beyond the guarantees of its seam (tests/testing), on tiny random weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsynth_aug.conditioning import ConditioningSettings
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.synthesis import (
    DenoisingStep,
    Refusal,
    SamplingSettings,
    SyntheticSample,
)  # fmt: skip
from tests.diffusion.jobs import RANGES, job_of, made


@pytest.fixture(scope="module")
def engine(starter_like_folder: Path) -> LesionSynthesizer:
    return LesionSynthesizer.from_pretrained(starter_like_folder, device="cpu")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dtype=st.sampled_from(list(RANGES)),
    channels=st.sampled_from([1, 3]),
    height=st.integers(70, 230),
    width=st.integers(70, 230),
    corner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    extent=st.integers(1, 60),
)
def test_pixels_outside_the_edit_region_never_change(
    engine: LesionSynthesizer, dtype: torch.dtype, channels: int, height: int, width: int,
    corner: tuple[float, float], extent: int,
) -> None:  # fmt: skip
    mask = torch.zeros(1, height, width, dtype=torch.bool)
    top, left = int(corner[0] * (height - 1)), int(corner[1] * (width - 1))
    mask[:, top : top + extent, left : left + extent] = True
    job = job_of(engine, dtype=dtype, channels=channels, shape=(height, width), mask=mask)
    sample = made(engine.synthesize([job])[0])
    assert sample.image.dtype == dtype and sample.image.shape == job.source.pixels.shape
    outside = ~sample.edit_region.expand_as(sample.image)
    assert torch.equal(sample.image[outside], job.source.pixels[outside])
    assert bool((sample.mask & ~sample.edit_region).sum() == 0) and torch.equal(sample.mask, mask)


def test_a_region_larger_than_the_largest_bucket_only_has_its_change_sampled_up(
    engine: LesionSynthesizer,
) -> None:
    mask = torch.zeros(1, 450, 520, dtype=torch.bool)
    mask[:, 20:430, 30:490] = True
    job = job_of(engine, "effusion", shape=(450, 520), mask=mask)
    sample = made(engine.synthesize([job])[0])
    outside = ~sample.edit_region
    assert torch.equal(sample.image[outside], job.source.pixels[outside])


def test_a_batch_mixes_sizes_dtypes_lesions_and_settings_and_keeps_its_order(
    engine: LesionSynthesizer,
) -> None:
    jobs = [
        job_of(engine, "nodule", dtype=torch.uint8, shape=(128, 160)),
        job_of(engine, "pneumothorax", dtype=torch.int16, shape=(200, 150), seed=1),
        job_of(engine, "effusion", dtype=torch.float32, shape=(150, 150), channels=3, seed=2),
        job_of(
            engine, "nodule", shape=(128, 160), sampling=SamplingSettings(num_inference_steps=2, strength=0.9)
        ),
    ]
    results = engine.synthesize(jobs)
    assert [result.request.digest for result in results] == [job.request.digest for job in jobs]
    assert [made(r).image.dtype for r in results] == [job.source.pixels.dtype for job in jobs]


def test_a_sham_is_painted_anew(engine: LesionSynthesizer) -> None:
    job = job_of(engine)
    sham = made(engine.synthesize([replace(job, request=replace(job.request, purpose="sham"))])[0])
    assert int((sham.image != job.source.pixels).sum()) > 20


def test_steps_are_reported(engine: LesionSynthesizer) -> None:
    seen: list[DenoisingStep] = []
    job = job_of(engine, sampling=SamplingSettings(num_inference_steps=3, strength=0.5))
    engine.synthesize([job], on_step=seen.append)
    assert [(one.step, one.total) for one in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[0].digests == (job.request.digest,)


@pytest.mark.parametrize("scheduler", ["checkpoint", "ddim", "dpmsolver++", "unipc", "lcm"])
def test_every_scheduler_runs_the_steps_that_were_asked(sd15_folder: Path, scheduler: str) -> None:
    engine = LesionSynthesizer.from_pretrained(sd15_folder, device="cpu")
    seen: list[DenoisingStep] = []
    sampling = SamplingSettings(num_inference_steps=2, scheduler=scheduler, guidance_scale=2)  # type: ignore[arg-type]
    made(engine.synthesize([job_of(engine, sampling=sampling)], on_step=seen.append)[0])
    assert len(seen) == 2


@pytest.mark.parametrize("scheduler", ["lcm", "dpmsolver++"])
def test_noise_of_a_step_comes_from_the_request_and_the_global_generator_stays(
    sd15_folder: Path, scheduler: str
) -> None:
    engine = LesionSynthesizer.from_pretrained(sd15_folder, device="cpu", dtype=torch.float32)
    sampling = SamplingSettings(num_inference_steps=3, scheduler=scheduler)  # type: ignore[arg-type]
    before = torch.get_rng_state()
    jobs = [job_of(engine, sampling=sampling), job_of(engine, sampling=sampling)]
    one, again = (made(result).image for result in engine.synthesize(jobs))
    assert torch.equal(one, again)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stock_layout_runs_with_one_and_with_two_controlnets(
    sd15_folder: Path, two_controlnets_folder: Path
) -> None:
    one = LesionSynthesizer.from_pretrained(sd15_folder, device="cpu")
    two = LesionSynthesizer.from_pretrained(two_controlnets_folder, device="cpu", controls=("canny", "depth"))
    job = job_of(two)
    weighted = replace(
        job,
        request=replace(
            job.request, conditioning=ConditioningSettings(controlnet_conditioning_scale=(1.0, 0.0))
        ),
    )
    both, first = (made(result) for result in two.synthesize([job, weighted]))
    assert not torch.equal(both.image, first.image)
    assert isinstance(one.synthesize([job_of(one)])[0], SyntheticSample)
    wrong = replace(
        job,
        request=replace(
            job.request, conditioning=ConditioningSettings(controlnet_conditioning_scale=(1, 1, 1))
        ),
    )
    refused = two.synthesize([wrong])[0]
    assert isinstance(refused, Refusal) and "3 values for 2 ControlNets" in refused.reason


def test_controls_steer_the_result(engine: LesionSynthesizer) -> None:
    job = job_of(engine)
    blind = replace(job, request=replace(job.request, conditioning=ConditioningSettings(controls=())))
    one, two = (made(result) for result in engine.synthesize([job, blind]))
    assert not torch.equal(one.image, two.image)
