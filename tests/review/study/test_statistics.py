"""The statistics of a reader study agree with published worked examples."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from medsynth_aug.review.study.statistics.agreement import cohens_kappa, fleiss_kappa
from medsynth_aug.review.study.statistics.areas import areas_with_covariance, mean_area
from medsynth_aug.review.study.statistics.boundaries import confidence_levels, critical_values
from medsynth_aug.review.study.statistics.detection import sensitivity_and_criterion
from medsynth_aug.review.study.statistics.planning import guessing_half_width
from medsynth_aug.review.study.statistics.proportions import wilson_interval
from medsynth_aug.review.study.statistics.resampling import two_way

FLEISS_1971 = [
    (0, 0, 0, 6, 0), (0, 3, 0, 0, 3), (0, 1, 4, 0, 1), (0, 0, 0, 0, 6), (0, 3, 0, 3, 0), (2, 0, 4, 0, 0),
    (0, 0, 4, 0, 2), (2, 0, 3, 1, 0), (2, 0, 0, 4, 0), (0, 0, 0, 0, 6), (1, 0, 0, 5, 0), (1, 1, 0, 4, 0),
    (0, 3, 3, 0, 0), (1, 0, 0, 5, 0), (0, 2, 0, 3, 1), (0, 0, 5, 0, 1), (3, 0, 0, 1, 2), (5, 1, 0, 0, 0),
    (0, 2, 0, 4, 0), (1, 0, 2, 0, 3), (0, 0, 0, 0, 6), (0, 1, 0, 5, 0), (0, 2, 0, 1, 3), (2, 0, 0, 4, 0),
    (1, 0, 0, 4, 1), (0, 5, 0, 1, 0), (4, 0, 0, 0, 2), (0, 2, 0, 4, 0), (1, 0, 5, 0, 0), (0, 0, 0, 0, 6),
]  # fmt: skip
"""Table 1 of Fleiss, Psychological Bulletin 76 (1971) 378: 30 patients, 6 psychiatrists, 5 diagnoses."""


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_score_intervals_are_those_of_newcombe(successes: int, trials: int, low: float, high: float) -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_cohens_kappa_is_that_of_sim_and_wright() -> None:
    # Sim and Wright, Physical Therapy 85 (2005) 257: 22, 2, 4 and 11 patients, kappa 0.67
    first = np.repeat([1, 1, 0, 0], [22, 2, 4, 11])
    second = np.repeat([1, 0, 1, 0], [22, 2, 4, 11])
    (kappa,) = cohens_kappa(first, second, np.ones((1, 39)))
    assert round(float(kappa), 2) == 0.67


def test_cohens_kappa_of_a_resample_is_that_of_the_cases_in_it() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 40))
    weights = rng.integers(0, 3, (5, 40)).astype(float)
    expected = [
        cohen_kappa_score(np.repeat(first, w.astype(int)), np.repeat(second, w.astype(int))) for w in weights
    ]
    assert cohens_kappa(first, second, weights) == pytest.approx(expected)


def test_kappa_of_readings_that_never_vary_is_no_number() -> None:
    assert np.isnan(cohens_kappa([1, 1], [1, 1], np.ones((1, 2)))).all()
    assert np.isnan(fleiss_kappa([[2, 0], [2, 0]], np.ones((1, 2)))).all()


def test_fleiss_kappa_is_that_of_fleiss() -> None:
    (kappa,) = fleiss_kappa(FLEISS_1971, np.ones((1, 30)))
    assert round(float(kappa), 3) == 0.430


def test_sensitivity_and_criterion_are_those_of_macmillan_and_creelman() -> None:
    # Detection theory, 2nd ed. (2005), chapters 1 and 2: 20 of 25 old faces and 10 of 25 new ones called old
    d, c = sensitivity_and_criterion(20, 25, 10, 25, log_linear=False)
    assert (float(d), float(c)) == pytest.approx((1.095, -0.294), abs=6e-4)


def test_the_log_linear_correction_adds_half_an_answer_and_one_image_a_side() -> None:
    # Hautus, Behavior Research Methods 27 (1995) 46, equations 3 and 4
    corrected = sensitivity_and_criterion(25, 25, 0, 25)
    by_hand = sensitivity_and_criterion(25.5, 26, 0.5, 26, log_linear=False)
    assert np.isfinite(corrected).all()
    assert corrected == by_hand


def test_the_area_and_its_error_are_those_of_the_ct_ratings_of_hanley_and_mcneil() -> None:
    # Ratings: Hanley and McNeil, Radiology 143 (1982) 29, table I. DeLong's error and interval of them:
    # Stata Base Reference Manual, roctab, example 1 (0.8932, 0.0307, 0.83295 to 0.95339)
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = np.repeat([*range(5), *range(5)], [*normal, *abnormal]).astype(float)
    truth = np.repeat([False, True], [sum(normal), sum(abnormal)])
    area = mean_area(*areas_with_covariance(ratings[None], truth))
    assert (round(area.value, 4), round(area.standard_error, 4)) == (0.8932, 0.0307)
    assert (round(area.low, 5), round(area.high, 5)) == (0.83295, 0.95339)


def test_areas_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    ratings, truth = rng.integers(-5, 6, (3, 60)).astype(float), rng.random(60) < 0.4
    areas, covariance = areas_with_covariance(ratings, truth)
    assert areas == pytest.approx([roc_auc_score(truth, one) for one in ratings])
    assert np.linalg.eigvalsh(covariance).min() >= -1e-12


@pytest.mark.parametrize(
    ("areas", "cov_2", "expected"),
    [
        ((0.9196, 0.8588, 0.9039, 0.9731, 0.8298), 0.0004840, (0.8970, 0.03317, 12.74, 0.8252, 0.9689)),
        ((0.9478, 0.9053, 0.9217, 0.9994, 0.9300), 0.0002042, (0.9408, 0.02157, 12.71, 0.8941, 0.9875)),
    ],
)
def test_the_mean_over_readers_is_that_of_the_van_dyke_study(
    areas: tuple[float, ...], cov_2: float, expected: tuple[float, ...]
) -> None:
    # Chakraborty, "The RJafroc book", chapter on Obuchowski-Rockette applications: five readers of 114 cases,
    # each treatment alone, random readers and random cases
    found = mean_area(np.array(areas), np.full((5, 5), cov_2))
    measured = (found.value, found.standard_error, found.degrees, found.low, found.high)
    assert measured == pytest.approx(expected, rel=2e-3)


def test_bounds_of_repeated_looks_are_the_published_ones() -> None:
    # Reboussin, DeMets, Kim and Lan, Controlled Clinical Trials 21 (2000) 190: five equal looks, two-sided
    # 0.05, O'Brien-Fleming type
    found = critical_values([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_one_look_is_the_usual_interval() -> None:
    assert confidence_levels(1) == pytest.approx((0.95,))
    assert confidence_levels(3)[0] > confidence_levels(3)[1] > confidence_levels(3)[2] > 0.95


@pytest.mark.parametrize(("readers", "per_arm"), [(1, 60), (4, 100)])
def test_the_interval_of_readers_who_guess_is_as_wide_as_planned(readers: int, per_arm: int) -> None:
    rng, truth = np.random.default_rng(3), np.repeat([False, True], per_arm)
    widths = []
    for _ in range(200):
        area = mean_area(*areas_with_covariance(rng.normal(size=(readers, 2 * per_arm)), truth))
        widths.append(area.high - area.low)
    assert np.mean(widths) / 2 == pytest.approx(guessing_half_width(readers, per_arm), rel=0.15)


def test_a_reader_alone_is_not_resampled_and_cases_keep_to_their_stratum() -> None:
    strata = np.repeat([True, False], [7, 3])
    drawn = two_way(1, strata, np.random.default_rng(0), resamples=50)
    assert (drawn.readers == 1).all()
    assert (drawn.cases[:, strata].sum(axis=1) == 7).all() and (
        drawn.cases[:, ~strata].sum(axis=1) == 3
    ).all()
    assert (two_way(4, strata, np.random.default_rng(0)).readers.sum(axis=1) == 4).all()
