"""Digests are put together from parts that are written once, and are those of the whole JSON all the same."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.conditioning import ConditioningSettings
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.lesions.lesion import Prior
from medsynth_aug.synthesis import SamplingSettings, SynthesisRequest
from medsynth_aug.synthesis.digest import digest_json
from tests.synthesis.test_requests import FIXED, WHOLE

DRAWN = ("source", "lesion", "seed", "slot", "purpose", "attempt")


def as_one(one: SynthesisRequest) -> tuple[str, str]:
    """Both digests, over the request's JSON in one piece."""
    data = one.to_json()
    return digest_json(data), digest_json({name: data[name] for name in DRAWN})


@given(
    slot=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    seed=st.integers(-(2**70), 2**70),
    engine=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    steps=st.sampled_from([1, 4, 4.0, True]),
    strength=st.none() | st.floats(0.01, 1),
    scale=st.floats(0, 3) | st.tuples(st.floats(0, 3), st.floats(0, 3)),
    parent=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    purpose=st.sampled_from(["lesion", "sham"]),
    parameters=st.dictionaries(st.sampled_from("abc"), st.integers() | st.floats(0, 1) | st.text(max_size=4)),
)
def test_they_are_those_of_the_whole_json(
    slot: str, seed: int, engine: str, prompt: str, steps: Any, strength: Any, scale: Any, parent: Any,
    purpose: Any, parameters: Any,
) -> None:  # fmt: skip
    one = replace(
        FIXED, slot=slot, seed=seed, engine=engine, parent=parent, purpose=purpose,
        lesion=replace(FIXED.lesion, prompt=prompt, shape=Prior("round", 1, parameters)),
        sampling=SamplingSettings(num_inference_steps=steps, strength=strength),
        conditioning=ConditioningSettings(controlnet_conditioning_scale=scale),
    )  # fmt: skip
    assert (one.digest, one.draw_digest) == as_one(one)


@pytest.mark.parametrize("one", [FIXED, WHOLE, replace(FIXED, lesion=resolve_lesion("pneumothorax"))])
def test_a_painted_and_a_whole_image_have_the_digests_of_their_json(one: SynthesisRequest) -> None:
    assert (one.digest, one.draw_digest) == as_one(one)
    assert (one.digest, one.draw_digest) == as_one(one)  # from the parts that are held now


def test_equal_settings_that_are_written_differently_keep_their_own_digests() -> None:
    whole, real = (replace(FIXED, sampling=SamplingSettings(num_inference_steps=n)) for n in (4, 4.0))
    assert whole == real and whole.digest != real.digest


def test_what_cannot_be_json_is_still_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        _ = replace(FIXED, seed={1}).digest
