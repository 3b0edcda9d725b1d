"""A request is a value: its digests are the same after a round trip, in another process, and next year."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.conditioning import ConditioningSettings
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.lesions.lesion import Lesion, Prior
from medsynth_aug.synthesis import SamplingSettings, SynthesisRequest, real_source
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.digest import canonical_json, digest_pixels, seed_of
from medsynth_aug.synthesis.request import PIXEL_VERSION, SCHEMA_VERSION
from medsynth_aug.types import Spacing, ValueRange
from tests.synthesis.material import request, thorax

FIXED = SynthesisRequest(
    source="real:" + "0" * 64,
    lesion=Lesion(
        name="spot",
        prompt="a spot",
        size_mm=(3.0, 30.0),
        placement=Prior("anywhere", 1, {}),
        shape=Prior("round", 1, {"lobes": 3}),
        intensity=Prior("dense", 1, {"contrast": 0.25}),
    ),
    engine="none",
    seed=7,
    slot="train/3",
)
"""Stands for every request that was ever stored: its draw digest may never change."""


CANVAS = Canvas(prompt="frontal chest radiograph, no finding, whole")
WHOLE = replace(FIXED, source="none", lesion=None, canvas=CANVAS, anatomy_digest="1" * 64, purpose="patient")


def through_json(one: SynthesisRequest) -> SynthesisRequest:
    return SynthesisRequest.from_json(json.loads(json.dumps(one.to_json())))


def test_a_stored_draw_digest_never_changes() -> None:
    assert FIXED.draw_digest == "cc1cd7110910000bc0bb7208afc90923f8cbecff3f271f7e59699473c1668f06"


def test_the_seed_of_a_draw_never_changes_and_differs_by_use() -> None:
    assert seed_of("0" * 64, "prior") == 4498206933820752018
    assert seed_of("0" * 64, "prior") != seed_of("0" * 64, "noise")


@given(
    seed=st.integers(0, 2**62),
    slot=st.text(max_size=12),
    steps=st.integers(1, 50),
    strength=st.none() | st.floats(0.01, 1.0),
    scale=st.floats(0, 3) | st.tuples(st.floats(0, 3), st.floats(0, 3)),
    attempt=st.integers(0, 5),
    pixel_version=st.integers(1, 9),
)
def test_a_request_comes_back_equal_from_json(
    seed: int, slot: str, steps: int, strength: float | None, scale, attempt: int, pixel_version: int
) -> None:
    one = replace(
        FIXED,
        seed=seed,
        slot=slot,
        attempt=attempt,
        pixel_version=pixel_version,
        sampling=SamplingSettings(num_inference_steps=steps, strength=strength),
        conditioning=ConditioningSettings(
            controls=("canny", "mask"), controlnet_conditioning_scale=scale, denoise=False
        ),
    )
    again = through_json(one)
    assert again == one
    assert (again.digest, again.draw_digest) == (one.digest, one.draw_digest)


def test_a_request_of_an_older_pixel_version_keeps_its_address() -> None:
    older = replace(FIXED, pixel_version=PIXEL_VERSION - 1)
    assert through_json(older).digest == older.digest != FIXED.digest
    assert older.draw_digest == FIXED.draw_digest
    assert older.next_attempt().pixel_version == older.pixel_version


def test_a_new_request_has_the_pixel_version_of_the_code() -> None:
    assert FIXED.to_json()["pixel_version"] == PIXEL_VERSION


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"slot": "train/4"},
        {"attempt": 1},
        {"purpose": "sham"},
        {"source": "sample:" + "0" * 64},
        {"lesion": resolve_lesion("nodule")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_decides_chance_changes_both_digests(change: dict) -> None:
    other = replace(FIXED, **change)
    assert other.draw_digest != FIXED.draw_digest
    assert other.digest != FIXED.digest


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": SamplingSettings(num_inference_steps=9)},
        {"conditioning": ConditioningSettings(denoise=False)},
        {"engine": "other"},
        {"mask_digest": "1" * 64},
        {"parent": "2" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_settings_change_the_address_and_leave_the_draw(change: dict) -> None:
    other = replace(FIXED, **change)
    assert other.draw_digest == FIXED.draw_digest
    assert other.digest != FIXED.digest


def test_another_process_computes_the_same_digest() -> None:
    one = request(thorax())
    code = (
        "import json, sys; from medsynth_aug.synthesis import SynthesisRequest as R;"
        "print(R.from_json(json.loads(sys.argv[1])).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(one.to_json())], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == one.digest


def test_a_request_of_another_schema_is_refused() -> None:
    with pytest.raises(SettingError, match=f"schema version 99, this program reads {SCHEMA_VERSION}"):
        SynthesisRequest.from_json({**FIXED.to_json(), "schema_version": 99})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "file:a.png"}, "source is 'file:a.png'; it must be real:<digest>"),
        ({"purpose": "art"}, "purpose is 'art'; choose from lesion, sham, patient"),
        ({"lesion": None}, "no lesion is named to be painted into real:0"),
        ({"canvas": CANVAS}, "canvas is given beside source real:0.*, which has a grid of its own"),
        ({"source": "none"}, "a whole image needs canvas=Canvas"),
        (
            {"source": "none", "canvas": CANVAS, "anatomy_digest": "1" * 64, "purpose": "patient"},
            "lesion is spot but source is 'none'; make the whole image first",
        ),
    ],
)
def test_a_request_of_no_known_form_is_refused(change: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        replace(FIXED, **change)


def test_a_request_is_virtual_only_without_a_real_source() -> None:
    assert FIXED.is_virtual is False
    assert WHOLE.is_virtual is True
    assert replace(FIXED, source="sample:" + "0" * 64).is_virtual is None


def test_a_whole_image_comes_back_from_json_with_its_canvas() -> None:
    exact = replace(
        WHOLE, canvas=replace(CANVAS, dtype="int16", value_range=(-10, 10), spacing_mm=(0.7, 0.7))
    )
    assert through_json(exact) == exact
    assert exact.digest != WHOLE.digest
    assert (exact.lesion_name, FIXED.lesion_name) == ("none", "spot")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": " "}, "prompt of the canvas is empty"),
        ({"height": 63}, "height of the canvas is 63; it must be at least 64"),
        ({"dtype": "uint32"}, "dtype is 'uint32'; choose from uint8"),
        ({"value_range": (0, 256)}, r"value_range is \(0, 256\), more than uint8 can hold"),
        ({"value_range": (5, 5)}, "the lower value comes first"),
        ({"spacing_mm": (0.0, 1.0)}, "both must be above 0"),
    ],
)
def test_an_impossible_canvas_is_refused(change: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        replace(CANVAS, **change)


def test_canonical_json_ignores_order_and_refuses_nan() -> None:
    assert canonical_json({"b": 1, "a": [1.5]}) == canonical_json({"a": [1.5], "b": 1}) == '{"a":[1.5],"b":1}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_a_source_digest_is_of_pixels_dtype_shape_range_and_spacing_only() -> None:
    pixels = torch.arange(48, dtype=torch.uint8).view(1, 6, 8)
    known = digest_pixels(pixels)
    assert digest_pixels(pixels.transpose(1, 2).contiguous().transpose(1, 2)) == known
    others = [
        digest_pixels(pixels.view(1, 8, 6)),
        digest_pixels(pixels.view(torch.uint8).to(torch.int16)),
        digest_pixels(pixels, value_range=ValueRange(0, 255)),
        digest_pixels(pixels, spacing=Spacing(1, 1)),
        digest_pixels(pixels + 1),
    ]
    assert len({known, *others}) == 6


def test_a_real_source_needs_its_value_range() -> None:
    with pytest.raises(SettingError, match=r"value_range is missing for a torch\.int16 image"):
        real_source(torch.zeros(1, 4, 4, dtype=torch.int16))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_inference_steps": 0}, "num_inference_steps is 0"),
        ({"strength": 0}, r"strength is 0.0; it must be in \(0, 1\]"),
        ({"guidance_scale": 0.5}, "guidance_scale is 0.5"),
        ({"scheduler": "euler"}, "scheduler is 'euler'; choose from checkpoint"),
    ],
)
def test_sampling_settings_out_of_range_say_so(settings: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        SamplingSettings(**settings)
