"""`sampling_strategy` means what it means in imbalanced-learn, and the cap holds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth_aug.data.items.labels import Labels
from medsynth_aug.data.planning.strategy import Quota, resolve_strategy
from medsynth_aug.errors import LabelError, MedsynthError, PlanError, SettingError

COUNTS = {0: 50, 1: 20, 2: 5}
LABELS = Labels.of([key for key, count in COUNTS.items() for _ in range(count)], count=75)
MATRIX = Labels.of(np.repeat([[1, 0, 0], [0, 1, 0], [0, 1, 1]], [6, 3, 2], axis=0), count=11)


def wanted(strategy: Any, lesions: Any = (0, 1, 2), labels: Labels = LABELS, **more: Any) -> dict[Any, int]:
    quotas = resolve_strategy(strategy, labels, lesions, **more)
    return {key: quota.wanted for key, quota in quotas.items() if quota.wanted}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("auto", {1: 30, 2: 45}),
        ("not majority", {1: 30, 2: 45}),
        ("minority", {2: 45}),
        ("not minority", {1: 30}),
        ("all", {1: 30, 2: 45}),
        ({2: 12}, {2: 7}),
        ({2: 12, 1: 20}, {2: 7}),
        (lambda labels: {1: int((labels == 1).sum()) + 4}, {1: 4}),
    ],
)
def test_each_form_wants_what_imbalanced_learn_would(strategy: Any, expected: dict[int, int]) -> None:
    assert wanted(strategy) == expected


def test_a_float_is_minority_over_majority_of_two_classes() -> None:
    binary = Labels.of([0] * 50 + [1] * 10, count=60)
    assert wanted(0.5, (1,), binary) == {1: 15}
    with pytest.raises(SettingError, match="there are 3"):
        wanted(0.5)
    with pytest.raises(SettingError, match="take items away"):
        wanted(0.1, (1,), binary)
    with pytest.raises(SettingError, match=r"\(0, 1\]"):
        wanted(1.5, (1,), binary)


def test_classes_without_a_lesion_are_left_alone() -> None:
    assert wanted("auto", (2,)) == {2: 45}


@given(st.floats(0.01, 10), st.integers(1, 60), st.integers(1, 60))
def test_the_cap_is_never_exceeded(max_ratio: float, rare: int, common: int) -> None:
    labels = Labels.of([0] * common + [1] * rare, count=rare + common)
    strategy = {1: rare + 1000}
    (quota,) = resolve_strategy(strategy, labels, (1,), max_ratio=max_ratio).values()
    assert quota.wanted == 1000
    assert quota.granted <= max_ratio * rare + 1e-6 and quota.granted > max_ratio * rare - 1


def test_wanted_and_granted_are_both_told() -> None:
    assert resolve_strategy("auto", LABELS, (2,)) == {2: Quota(wanted=45, granted=5)}
    assert resolve_strategy("auto", LABELS, (2,), max_ratio=2.5) == {2: Quota(wanted=45, granted=12)}
    assert resolve_strategy("auto", LABELS, (2,), max_ratio=11, force=True) == {2: Quota(45, 45)}


def test_multi_label_takes_totals_or_the_columns_that_count() -> None:
    assert wanted({2: 4}, (2,), MATRIX) == {2: 2}
    assert wanted(lambda rows: {2: int(rows[:, 1].sum())}, (2,), MATRIX) == {2: 3}
    assert wanted("auto", (2,), MATRIX, targets=[0, 2]) == {2: 4}
    with pytest.raises(SettingError, match=r"multi-label.*targets="):
        wanted("auto", (2,), MATRIX)


@pytest.mark.parametrize(
    ("strategy", "lesions", "more", "error", "says"),
    [
        ("most", (2,), {}, SettingError, "choose from auto"),
        (True, (2,), {}, SettingError, "a name, a float"),
        ({7: 10}, (2,), {}, LabelError, "7 is not in the data"),
        ({1: 30}, (2,), {}, LabelError, "has no lesion"),
        ({2: 3}, (2,), {}, SettingError, "only adds"),
        ("minority", (1,), {}, PlanError, "chooses 2, but `lesions` has 1"),
        ("auto", (2,), {"max_ratio": 0}, SettingError, "above 0"),
        ("auto", (2,), {"max_ratio": 11}, SettingError, "force=True"),
    ],
)
def test_what_cannot_be_done_is_said(
    strategy: Any, lesions: Any, more: dict[str, Any], error: type[MedsynthError], says: str
) -> None:
    with pytest.raises(error, match=says):
        wanted(strategy, lesions, **more)


def test_an_empty_class_cannot_be_filled() -> None:
    matrix = Labels.of([[1, 0], [1, 0]], count=2, names={"normal": 0, "nodule": 1})
    with pytest.raises(LabelError, match="'nodule' has no real item"):
        resolve_strategy({1: 5}, matrix, (1,))
