"""What the public fake says: the reasons of its refusals, its provenance, its progress.

That it keeps the guarantees of the seam is checked in tests/testing.
"""

import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.synthesis import (
    DenoisingStep,
    FakeSynthesizer,
    Job,
    Refusal,
    SourceImage,
    SyntheticSample,
)
from tests.synthesis.material import job, thorax


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


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 109), (119, 0), (119, 109), (60, 0)])
def test_a_mask_at_the_border_is_painted(row: int, column: int) -> None:
    source, mask = thorax(), disc(row=row, column=column)
    made = sample_of(job(source, mask=mask))
    assert torch.equal(made.mask, mask)
    outside = ~made.edit_region
    assert torch.equal(made.image[outside], source.pixels[outside])


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


def test_pixels_that_are_no_numbers_are_refused_with_their_place() -> None:
    source = thorax(torch.float32)
    pixels = source.pixels.clone()
    pixels[0, 3, 4] = float("nan")
    refused = refusal_of(job(damaged(source, pixels)))
    assert refused.final
    assert "NaN or infinity, first at (channel, row, column) [0, 3, 4]" in refused.reason


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


def test_provenance_says_what_was_given_and_on_which_side_it_lies() -> None:
    left = schematic_lungs((120, 110))
    left[0] = False
    for given, mask_given, anatomy_given in (({}, False, False), ({"anatomy": left}, False, True)):
        told = sample_of(job(thorax(), **given)).provenance
        assert (told["mask_given"], told["anatomy_given"]) == (mask_given, anatomy_given)
    assert told["side"] == "left"
    assert sample_of(job(thorax(), mask=disc())).provenance["mask_given"]


def test_a_keep_mask_over_everything_is_a_refusal() -> None:
    keep = torch.ones(1, 120, 110, dtype=torch.bool)
    assert "keep-mask covers it" in refusal_of(job(thorax(), mask=disc(), keep_mask=keep)).reason


def test_progress_names_the_requests() -> None:
    seen: list[DenoisingStep] = []
    one = job(thorax())
    FakeSynthesizer().synthesize([one], seen.append)
    assert seen == [DenoisingStep((one.request.digest,), 1, 1)]
