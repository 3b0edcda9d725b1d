"""A plan is a value: deterministic in its seed, from training backgrounds only, spread over patients."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth_aug.data import Plan, plan_rebalancing
from medsynth_aug.data.items.labels import Labels, relabel
from medsynth_aug.data.planning.backgrounds import pick_backgrounds
from medsynth_aug.errors import (
    GridError,
    LabelError,
    MedsynthError,
    PlanError,
    SettingError,
    SplitLeakError,
    UnknownLesionError,
    ValueRangeError,
)
from medsynth_aug.synthesis import FakeSynthesizer
from medsynth_aug.synthesis.digest import digest_pixels
from tests.data.small import SIDE, Items, pictures, single_label

FAKE = FakeSynthesizer()


def plan(source: Any = None, **arguments: Any) -> Plan:
    given = {"lesions": {3: "nodule"}, "background": [0], "progress": False, **arguments}
    return plan_rebalancing(single_label() if source is None else source, FAKE, **given)


def multi_label(**attributes: Any) -> Items:
    rows = np.array([[1, 0, 0], [1, 0, -1], [1, np.nan, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    items = [{"image": image, "label": row} for image, row in zip(pictures(5), rows)]
    names = {"No Finding": 0, "Nodule": 1, "Effusion": 2}
    return Items(items, **{"groups": list("abcde"), "class_to_idx": names, **attributes})


def test_sources_are_backgrounds_and_counts_add_up() -> None:
    source = single_label(normal=12, rare=4)
    made = plan(source)
    assert {source.targets[sample.index] for sample in made.samples} == {0}
    assert all(sample.patient == source.groups[sample.index] for sample in made.samples)
    assert made.quotas == {3: (8, 4)}
    assert [(c.key, c.lesion, c.before, c.after) for c in made.counts] == [
        (0, None, 12, 12),
        (3, "nodule", 4, 8),
    ]
    assert len({request.slot for request in made.requests}) == len(made) == 4


def test_the_same_seed_gives_the_same_plan_and_another_one_another() -> None:
    assert plan(seed=1) == plan(seed=1)
    assert plan(seed=1).digest != plan(seed=2).digest


def test_a_larger_plan_contains_the_smaller_one() -> None:
    small, large = (plan(sampling_strategy={3: total}).requests for total in (6, 8))
    assert large[: len(small)] == small


def test_a_saved_plan_comes_back_equal(tmp_path: Path) -> None:
    made = plan()
    made.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == made
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(PlanError, match="holds no plan"):
        Plan.load(tmp_path / "plan.json")


def test_the_summary_names_every_class() -> None:
    lines = plan().summary().splitlines()
    assert lines[0].split() == ["class", "lesion", "real", "wanted", "granted", "total"]
    assert lines[2].split() == ["3", "nodule", "4", "8", "4", "8"]
    assert lines[-1] == "4 samples, painted into images of 4 patients, seed 0"


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 60),
    st.integers(0, 2**40),
    st.floats(0, 0.99),
)
def test_backgrounds_are_spread_evenly(items: list[Any], count: int, seed: int, start: float) -> None:
    groups = [f"p{patient}" for patient, _ in items]
    candidates = np.array([True, *(chosen for _, chosen in items[1:])])
    picks = pick_backgrounds(candidates, groups, count, seed=seed, start=start)
    assert len(picks) == count and all(candidates[index] for index in picks)
    patients = {groups[index] for index in np.flatnonzero(candidates)}
    uses = [Counter(groups[index] for index in picks)[patient] for patient in patients]
    assert max(uses) - min(uses) <= 1
    for patient in patients:
        images = [index for index in np.flatnonzero(candidates) if groups[index] == patient]
        own = [Counter(picks)[index] for index in images]
        assert max(own) - min(own) <= 1


def test_multi_label_backgrounds_have_no_lesion_column_set() -> None:
    made = plan(multi_label(), lesions={"Nodule": "nodule"}, background=None, sampling_strategy={"Nodule": 2},
                exclusive=["No Finding"])  # fmt: skip
    assert {sample.index for sample in made.samples} <= {0, 1, 2, 4}
    after = {count.name: count.after - count.before for count in made.counts}
    assert after == {"No Finding": 0, "Nodule": 1, "Effusion": int(made.samples[0].index == 4)}


@given(st.lists(st.lists(st.sampled_from([0, 1, -1, float("nan")]), min_size=3, max_size=3), max_size=8))
def test_the_counts_are_those_of_the_painted_labels(drawn: list[Any]) -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], *drawn], np.float64)
    source = Items([{"image": image, "label": row} for image, row in zip(pictures(len(rows)), rows)])
    totals = {1: 2 * (rows[:, 1] == 1).sum(), 2: 3 * (rows[:, 2] == 1).sum()}
    made = plan(source, labels=rows, groups="each-image", lesions={1: "nodule", 2: "effusion"},
                background=None, exclusive=[0], max_ratio=3, sampling_strategy=totals)  # fmt: skip
    painted = [relabel(rows[sample.index], sample.key, [0]) for sample in made.samples if sample.key]
    labels = Labels.of(rows, count=len(rows)).with_painted(made.samples.indices, made.samples.keys, [0])
    assert np.array_equal(labels.values, np.concatenate([rows, painted]), equal_nan=True)
    assert [count.after for count in made.counts] == list(labels.counts().values())


def test_multi_label_backgrounds_follow_the_predicate() -> None:
    arguments: Any = {"lesions": {1: "nodule"}, "sampling_strategy": {1: 5}, "max_ratio": 4}
    made = plan(multi_label(), background=lambda label: label[2] == 1, **arguments)
    assert {sample.index for sample in made.samples} == {4}
    with pytest.raises(PlanError, match="no training item qualifies"):
        plan(multi_label(), background=lambda label: False, **arguments)
    with pytest.raises(PlanError, match="'Nodule' already"):
        plan(multi_label(), background=lambda label: label[1] == 1, **arguments)


def test_the_users_own_maps_are_part_of_the_request() -> None:
    mask = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
    mask[:, 20:30, 20:30] = True
    made = plan(masks=lambda index: mask, keep_mask=lambda index: ~mask if index else None)
    assert {request.mask_digest for request in made.requests} == {digest_pixels(mask)}
    assert {request.anatomy_digest for request in made.requests} == {None}
    with pytest.raises(GridError, match=r"image is \(1, 72, 72\) but mask of item \d+ is \(1, 8, 8\)"):
        plan(masks=lambda index: mask[:, :8, :8])


def test_labels_come_from_the_argument_before_the_data_set() -> None:
    source = single_label()
    right, source.targets = source.targets, [0, 3] * 8
    assert plan(source, labels=right) == plan()


@pytest.mark.parametrize("labels", [[3] * 4 + [0] * 12, [[1, 0, 0, 0]] * 16])
def test_labels_that_the_items_do_not_carry_are_refused(labels: Any) -> None:
    with pytest.raises(LabelError, match=r"item 0 carries the label 0 but .* is listed for it"):
        plan(labels=labels, sampling_strategy={3: 14})


def test_classes_may_be_named_as_the_data_set_names_them() -> None:
    named = single_label(class_to_idx={"normal": 0, "nodule": 3})
    assert plan(named, lesions={"nodule": "nodule"}, background=["normal"]).requests == plan().requests


def wrong_pixels(value: float) -> Items:
    items = [(image.astype(np.float32), label) for image, label in single_label().items]
    for image, _ in items:
        image[0, 0] = value
    return Items(items, groups=single_label().groups)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"lesions": {3: "gout"}}, UnknownLesionError, "'gout' is not registered"),
        ({"lesions": {}}, PlanError, "lesions is empty"),
        ({"lesions": {9: "nodule"}}, LabelError, "class 9 is not in the data; it has 0, 3"),
        ({"background": [5]}, LabelError, "class 5 is not in the data"),
        ({"background": [0, 3]}, PlanError, "class 3 is in `background` and in `lesions`"),
        ({"background": None}, SettingError, "background=\\[0\\]"),
        ({"background": []}, PlanError, "no training item qualifies"),
        ({"exclusive": [0]}, SettingError, "multi-label"),
        ({"groups": ["a"]}, PlanError, "1 patients for 16 items"),
        ({"groups": ["a", None] * 8}, PlanError, "no patient is known for 8 items"),
        ({"holdout_groups": ["p0", "z"]}, SplitLeakError, "held out as well: p0"),
        ({"labels": [0, 3]}, LabelError, "2 labels for 16 items"),
        ({"spacing_mm": [(1.0, 1.0)] * 3}, SettingError, "3 entries for 16 items"),
        ({"source": Items([]), "groups": "each-image"}, PlanError, "without items"),
        ({"source": single_label(groups=None)}, PlanError, "groups is missing"),
        ({"source": wrong_pixels(5.0)}, SettingError, "value_range is missing"),
        ({"source": wrong_pixels(np.nan), "value_range": (0, 255)}, ValueRangeError, r"item \d+ .*NaN"),
        ({"source": wrong_pixels(300), "value_range": (0, 255)}, ValueRangeError, r"item \d+ .*outside"),
    ],
)
def test_bad_input_is_said_clearly(arguments: Any, error: type[MedsynthError], says: str) -> None:
    with pytest.raises(error, match=says):
        plan(**arguments)


def test_spacing_may_be_given_for_all_for_each_or_by_a_function() -> None:
    pair = (0.5, 0.5)
    ways: list[Any] = [pair, [pair] * 16, lambda index: pair]
    plans = [plan(spacing_mm=way) for way in ways]
    assert plans[0] == plans[1] == plans[2] != plan()
