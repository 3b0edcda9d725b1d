"""Distances between sets of features agree with independent formulas, and their intervals hold the truth."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torchmetrics.image.kid import poly_mmd

from medsynth_aug.evaluation.distances.fidelity import Sample, fidelity, references
from medsynth_aug.evaluation.distances.frechet import frechet_distance, frechet_figure
from medsynth_aug.evaluation.distances.kernel import kernel_distance, kernel_figure
from medsynth_aug.evaluation.distances.manifold import manifold_values
from medsynth_aug.evaluation.figures import Figure, mean_figure, patient_weights


def drawn(seed: int, count: int, width: int = 8, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((count, width)) + shift).astype(np.float32)


def people(count: int, prefix: str = "p") -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in range(count))


def sample(seed: int, count: int, *, shift: float = 0.0, prefix: str = "p") -> Sample:
    return Sample(drawn(seed, count, shift=shift), people(count, prefix))


def test_the_frechet_distance_is_that_of_scipys_matrix_root() -> None:
    one, two = drawn(0, 60), drawn(1, 90, shift=0.4)
    covariances = [np.cov(x.astype(float), rowvar=False) for x in (one, two)]
    means = ((one.mean(0) - two.mean(0)) ** 2).sum()
    expected = means + np.trace(sum(covariances) - 2 * sqrtm(covariances[0] @ covariances[1]).real)
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-3)


def kid_by_definition(x: np.ndarray, y: np.ndarray) -> float:
    """The estimator written out term by term, as in its paper."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a.astype(float) @ b.astype(float) / len(a) + 1) ** 3)

    xx = np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    yy = np.mean([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    return float(xx + yy - 2 * np.mean([k(a, b) for a in x for b in y]))


def test_the_kernel_distance_is_that_of_its_definition_for_sets_of_unequal_size() -> None:
    one, two = drawn(0, 15), drawn(1, 22, shift=0.5)
    assert kernel_distance(one, two) == pytest.approx(kid_by_definition(one, two), rel=1e-6)


def test_the_kernel_distance_agrees_with_torchmetrics_for_sets_of_equal_size() -> None:
    one, two = drawn(0, 30), drawn(1, 30, shift=0.5)
    theirs = float(poly_mmd(torch.from_numpy(one), torch.from_numpy(two)))
    assert kernel_distance(one, two) == pytest.approx(theirs, rel=1e-4)


def test_the_kernel_interval_holds_zero_for_one_distribution_and_not_for_two() -> None:
    held = 0
    for seed in range(40):
        same = kernel_figure(
            drawn(seed, 40),
            drawn(1000 + seed, 40),
            real_patients=people(40),
            synthetic_patients=people(40, "s"),
        )
        assert same.low is not None and same.high is not None
        held += same.low <= 0 <= same.high
    assert held >= 34
    apart = kernel_figure(
        drawn(0, 40), drawn(1, 40, shift=0.8), real_patients=people(40), synthetic_patients=people(40)
    )
    assert apart.low is not None and apart.low > 0


def test_a_patient_with_many_images_widens_the_interval() -> None:
    values = np.random.default_rng(0).standard_normal(60).repeat(5).tolist()
    alone = mean_figure("m", values, [str(number) for number in range(300)])
    together = mean_figure("m", values, [str(number // 5) for number in range(300)])
    assert together.high - together.low > 1.5 * (alone.high - alone.low)  # type: ignore[operator]


def test_whole_patients_are_drawn() -> None:
    weights = patient_weights(["a", "a", "b"], np.random.default_rng(0), resamples=50)
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 0] + weights[:, 2] == 2).all()


def test_copies_have_perfect_precision_and_a_far_set_has_none() -> None:
    real = drawn(0, 40)
    copies = manifold_values(real, real.copy())
    assert all(float(values.mean()) == 1 for name, values in copies.items() if name != "density")
    far = manifold_values(real, drawn(1, 40, shift=50))
    assert all(float(values.mean()) == 0 for values in far.values())


def test_one_repeated_image_is_precise_but_covers_little() -> None:
    real = drawn(0, 40)
    values = manifold_values(real, np.repeat(real[:1], 40, 0))
    assert (
        values["precision"].mean() == 1 and values["coverage"].mean() < 0.5 and values["recall"].mean() < 0.2
    )


def test_few_images_are_refused_with_the_number_that_is_needed() -> None:
    figure = frechet_figure(drawn(0, 7), drawn(1, 30), real_patients=people(7), synthetic_patients=people(30))
    assert figure.value is None and "at least 8 images a side" in figure.refused
    refused = {one.name: one.refused for one in fidelity(sample(0, 9), sample(1, 9)) if one.value is None}
    assert set(refused) == {"KID", "precision", "recall", "density", "coverage"}


def test_a_figure_that_is_not_finite_is_written_as_refused() -> None:
    written = Figure(name="x", value=float("nan"), n={"images": 1}).to_json()
    assert written["value"] is None and "nan" in written["refused"]


def test_references_compare_disjoint_patients_and_leave_the_class_out_of_normal() -> None:
    real = Sample(drawn(0, 60), tuple(f"p{number // 2}" for number in range(60)))
    normal = Sample(drawn(1, 50, shift=1), (*people(40, "n"), *people(10)))
    figures = {figure.name: figure for figure in references(real, normal)}
    assert figures["KID, class vs normal"].n == {"real": 60, "synthetic": 40}
    assert sum(figures["KID, real vs real"].n.values()) == 60
    near, far = figures["KID, real vs real"], figures["KID, class vs normal"]
    assert near.high < far.low  # type: ignore[operator]
    one, two = real.halves(np.random.default_rng(3))
    assert not set(one.patients) & set(two.patients)
