"""Shams replace negatives of a plan: each at most once, in the lesions' proportions, and no count changes."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.data import Plan
from tests.data.small import Items, pictures
from tests.data.test_plan import multi_label, plan


def two_classes(normal: int = 12) -> Items:
    labels = [0] * normal + [1] * 6 + [2] * 2
    groups = [f"p{n // 3}" for n in range(len(labels))]
    return Items(list(zip(pictures(len(labels)), labels)), targets=labels, groups=groups)


def with_shams(fraction: float, **arguments: Any) -> Plan:
    given = {"lesions": {1: "nodule", 2: "effusion"}, "sampling_strategy": {1: 12, 2: 4}, **arguments}
    return plan(two_classes(), sham_fraction=fraction, **given)


@given(st.floats(0, 1), st.integers(0, 99))
def test_so_many_negatives_are_replaced_each_once(fraction: float, seed: int) -> None:
    made = with_shams(fraction, seed=seed)
    indices = made.shams.indices.tolist()
    assert len(indices) == round(fraction * 12) == len(set(indices))
    assert set(indices) <= set(range(12))
    assert made.counts == with_shams(0).counts and made.quotas == with_shams(0).quotas
    assert made.samples == with_shams(0, seed=seed).samples
    uses = Counter(made.shams.patients)
    assert not uses or max(uses.values()) - min(uses[f"p{n}"] for n in range(4)) <= 1


def test_shams_imitate_the_lesions_in_their_planned_proportions() -> None:
    made = with_shams(8 / 12)
    assert Counter(sample.request.lesion_name for sample in made.samples) == {"nodule": 6, "effusion": 2}
    assert Counter(sham.request.lesion_name for sham in made.shams) == {"nodule": 6, "effusion": 2}


def test_a_sham_is_asked_for_as_a_lesion_is_but_for_its_purpose() -> None:
    made = with_shams(0.5, keep_mask=lambda index: None)
    common = {(r.engine, r.seed, r.sampling, r.conditioning, r.pixel_version) for r in made.requests}
    assert len(common) == 1
    assert [sham.request.slot for sham in made.shams] == [f"sham/{n}" for n in range(6)]
    assert {sham.request.purpose for sham in made.shams} == {"sham"} and set(made.shams.keys) == {None}
    assert {sample.request.purpose for sample in made.samples} == {"lesion"}
    assert "6 background items are replaced by a sham edit" in made.summary()


def test_a_plan_that_paints_nothing_has_nothing_to_hide() -> None:
    made = with_shams(1.0, sampling_strategy={1: 6, 2: 2})
    assert not len(made.samples) and not len(made.shams) and made.requests == []


def test_a_multi_label_sham_goes_into_no_image_with_a_lesion() -> None:
    arguments: Any = {"lesions": {"Nodule": "nodule", "Effusion": "effusion"}, "max_ratio": 4}
    made = plan(multi_label(), **arguments, background=lambda label: True, sham_fraction=1.0,
                sampling_strategy={"Nodule": 3, "Effusion": 3})  # fmt: skip
    assert sorted(made.shams.indices.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("fraction", [0.25, 1.0])
def test_a_larger_share_contains_the_items_of_a_smaller_one(fraction: float) -> None:
    small, large = (set(with_shams(share).shams.indices.tolist()) for share in (0.25, fraction))
    assert small <= large
