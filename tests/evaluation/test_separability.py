"""An AUC holds chance where there is nothing, finds what is faint, and sees neither patients nor strata."""

import numpy as np
import pytest

from medsynth_aug.errors import GridError, SettingError
from medsynth_aug.evaluation.audits.separability import separability


def people(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def sides(count: int) -> list[bool]:
    return [True] * count + [False] * count


@pytest.mark.slow
@pytest.mark.parametrize(("count", "width"), [(30, 20)])
def test_the_interval_holds_chance_where_there_is_nothing_to_find(
    count: int, width: int, repeat: int
) -> None:
    held = 0
    for seed in range(40 * repeat):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((2 * count, width)) @ rng.standard_normal((width, width))
        figure = separability(x, sides(count), people(2 * count), seed=seed, resamples=300)
        held += bool(figure.low is not None and figure.high is not None and figure.low <= 0.5 <= figure.high)
    assert held >= 36 * repeat


@pytest.mark.parametrize("count", [30, 300])
def test_a_shift_of_one_feature_among_ninety_is_found(count: int) -> None:
    x = np.random.default_rng(0).standard_normal((2 * count, 90))
    x[:count, 7] += 3
    figure = separability(x, sides(count), people(2 * count), resamples=200)
    assert figure.low is not None and figure.low > 0.6
    assert figure.n == {"first": count, "second": count}


def test_an_auc_of_one_still_has_a_width() -> None:
    x = np.random.default_rng(0).standard_normal((40, 5))
    x[:20] += 50
    figure = separability(x, sides(20), people(40))
    assert figure.value == 1 and figure.high == 1
    assert figure.low is not None and 0.85 < figure.low < 1


def test_a_confounder_that_is_matched_does_not_count() -> None:
    rng = np.random.default_rng(0)
    strata = ["PA" if flag else "AP" for flag in np.r_[np.arange(60) < 48, np.arange(60) < 12]]
    x = rng.standard_normal((120, 6))
    x[:, 0] += 3 * np.array([one == "PA" for one in strata])
    blind, matched = (separability(x, sides(60), people(120), strata=given) for given in (None, strata))
    assert blind.value is not None and blind.value > 0.7
    assert matched.low is not None and matched.low <= 0.5


def test_a_patient_is_never_on_both_sides_of_a_fold() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(rng.standard_normal((40, 60)), 3, axis=0)
    truth = np.repeat(rng.permutation(np.arange(40) % 2 == 0), 3)
    x = person + 0.01 * rng.standard_normal(person.shape)
    grouped = separability(x, truth, [str(number // 3) for number in range(120)])
    leaking = separability(x, truth, people(120))
    assert grouped.value is not None and leaking.value is not None
    assert leaking.value > 0.9 and grouped.value < 0.75


def test_the_same_seed_gives_the_same_figure() -> None:
    x = np.random.default_rng(0).standard_normal((60, 12))
    assert separability(x, sides(30), people(60), seed=3) == separability(x, sides(30), people(60), seed=3)


def test_too_few_images_patients_or_common_strata_are_refused_with_the_reason() -> None:
    x = np.random.default_rng(0).standard_normal((60, 3))
    few = separability(x[:30], sides(15), people(30), sides=("sham", "untouched"))
    assert few.value is None and few.refused == "needs at least 20 images a side; sham has 15"
    one = separability(x, sides(30), ["a"] * 30 + people(30))
    assert one.refused == "needs at least 10 patients a side; first has 1"
    apart = separability(x, sides(30), people(60), strata=["PA"] * 30 + ["AP"] * 30)
    assert apart.refused == "first and second have no source and view in common"


def test_bad_input_says_what_is_wrong() -> None:
    x = np.zeros((60, 3))
    with pytest.raises(GridError, match="give one row an image"):
        separability(x, sides(20), people(60))
    with pytest.raises(SettingError, match="folds is 1"):
        separability(x, sides(30), people(60), folds=1)
    x[4, 1] = np.nan
    with pytest.raises(GridError, match="feature 1 is not finite"):
        separability(x, sides(30), people(60))
