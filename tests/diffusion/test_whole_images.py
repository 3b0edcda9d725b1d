"""A whole image needs no source: every synthesizer makes it from anatomy, canvas and seed alone."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.diffusion import LesionSynthesizer
from medsynth_aug.synthesis import (
    DenoisingStep,
    FakeSynthesizer,
    Job,
    Refusal,
    SamplingSettings,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
)
from medsynth_aug.synthesis.canvas import Canvas
from tests.diffusion.jobs import job_of, made

CANVAS = Canvas(prompt="frontal chest radiograph, no finding, whole", height=150, width=128)


@pytest.fixture(scope="module", params=["fake", "real"])
def engine(request: pytest.FixtureRequest, starter_like_folder: Path) -> Synthesizer:
    if request.param == "fake":
        return FakeSynthesizer()
    return LesionSynthesizer.from_pretrained(starter_like_folder, device="cpu", dtype=torch.float32)


def whole(engine: Synthesizer, canvas: Canvas = CANVAS, **changes: object) -> Job:
    request = SynthesisRequest(
        source="none", lesion=None, canvas=canvas, anatomy_digest="1" * 64, purpose="patient",
        engine=engine.fingerprint, seed=0, slot="patient/0",
        sampling=SamplingSettings(num_inference_steps=1),
    )  # fmt: skip
    anatomy = schematic_lungs((canvas.height, canvas.width))
    return Job(replace(request, **changes), None, anatomy=anatomy)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dtype", "value_range"),
    [("uint8", (0, 255)), ("uint16", (0, 4095)), ("int16", (-1000, 1000)), ("float32", (0, 1))],
)
def test_it_has_the_grid_and_the_scale_of_its_canvas(
    engine: Synthesizer, dtype: str, value_range: tuple[float, float]
) -> None:
    canvas = replace(CANVAS, dtype=dtype, value_range=value_range, spacing_mm=(2.5, 2.5))
    sample = made(engine.synthesize([whole(engine, canvas)])[0])
    assert sample.image.shape == (1, 150, 128)
    assert (str(sample.image.dtype), tuple(sample.value_range)) == (f"torch.{dtype}", value_range)
    assert value_range[0] <= float(sample.image.float().min()) < float(sample.image.float().max())
    assert float(sample.image.float().max()) <= value_range[1]
    assert tuple(sample.spacing or ()) == (2.5, 2.5)
    assert sample.edit_region.all()
    assert not sample.mask.any()
    assert (sample.box, sample.lesion) == (None, "none")


def test_it_stands_in_one_batch_with_painted_regions(engine: Synthesizer) -> None:
    results = engine.synthesize([job_of(engine), whole(engine), job_of(engine, seed=1)])
    assert [made(result).lesion for result in results] == ["nodule", "none", "nodule"]


@pytest.mark.parametrize(
    ("anatomy", "message"),
    [
        (None, "a whole image needs an anatomy"),
        (torch.ones(2, 10, 10, dtype=torch.bool), "resample the anatomy onto the image grid"),
        (torch.zeros(2, 150, 128, dtype=torch.bool), "the anatomy is empty"),
    ],
)
def test_without_a_fitting_anatomy_it_is_refused(
    engine: Synthesizer, anatomy: torch.Tensor | None, message: str
) -> None:
    (result,) = engine.synthesize([replace(whole(engine), anatomy=anatomy)])
    assert isinstance(result, Refusal)
    assert message in result.reason
    assert result.final


def test_a_lesion_is_painted_into_it_by_a_second_request(engine: Synthesizer) -> None:
    first = made(engine.synthesize([whole(engine)])[0])
    second = job_of(engine, shape=(150, 128))
    assert second.source is not None
    source = replace(second.source, pixels=first.image, digest=f"sample:{first.digest}")
    painted = engine.synthesize(
        [replace(second, request=replace(second.request, source=source.digest), source=source)]
    )[0]
    assert isinstance(painted, SyntheticSample)
    outside = ~painted.edit_region
    assert torch.equal(painted.image[outside], first.image[outside])


def test_every_size_of_the_cascade_is_denoised_and_reported(starter_like_folder: Path) -> None:
    engine = LesionSynthesizer.from_pretrained(starter_like_folder, device="cpu")
    engine.checkpoint = replace(engine.checkpoint, whole_sizes=(64, 128))
    seen: list[DenoisingStep] = []
    sampling = SamplingSettings(num_inference_steps=3)
    engine.synthesize([whole(engine, sampling=sampling)], on_step=seen.append)
    assert [(one.step, one.total) for one in seen] == [(number, 6) for number in range(1, 7)]


def test_a_stated_strength_is_refused(starter_like_folder: Path) -> None:
    engine = LesionSynthesizer.from_pretrained(starter_like_folder, device="cpu")
    (result,) = engine.synthesize([whole(engine, sampling=SamplingSettings(strength=0.5))])
    assert isinstance(result, Refusal)
    assert "a whole image has nothing to keep, so it takes no strength" in result.reason
