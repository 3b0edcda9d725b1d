"""Fidelity of one class: its distances to real images, beside distances that say what is near and far."""

from dataclasses import dataclass

import numpy as np

from medsynth_aug.evaluation.distances.frechet import Features, frechet_figure
from medsynth_aug.evaluation.distances.kernel import kernel_figure
from medsynth_aug.evaluation.distances.manifold import manifold_figures
from medsynth_aug.evaluation.figures import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Features of some images with their patients.

    Args:
        features: `(N, D)`.
        patients: N of them.
    """

    features: Features
    patients: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.features)

    def halves(self, rng: np.random.Generator) -> tuple["Sample", "Sample"]:
        """Two parts without a common patient, about equal in images."""
        names = rng.permutation(sorted(set(self.patients)))
        counts = np.cumsum([self.patients.count(name) for name in names])
        first = set(names[counts <= len(self) / 2].tolist())
        inside = np.array([patient in first for patient in self.patients], bool)
        return self.pick(inside), self.pick(~inside)

    def pick(self, wanted: np.ndarray) -> "Sample":
        """The images for which `wanted` `(N,)` is True."""
        return Sample(self.features[wanted], tuple(p for p, keep in zip(self.patients, wanted) if keep))


def distances(real: Sample, other: Sample, *, suffix: str = "", seed: int = 0) -> list[Figure]:
    """FID and KID between two samples.

    Args:
        real: Real images of a class.
        other: What is compared with them.
        suffix: Is added to the names, for references.
        seed: Seeds the intervals.
    """
    patients = {"real_patients": real.patients, "synthetic_patients": other.patients}
    return [
        make(real.features, other.features, name=name + suffix, seed=seed, **patients)
        for make, name in ((frechet_figure, "FID"), (kernel_figure, "KID"))
    ]


def fidelity(real: Sample, synthetic: Sample, *, seed: int = 0) -> list[Figure]:
    """FID, KID, precision, recall, density and coverage of synthetic images of a class."""
    return distances(real, synthetic, seed=seed) + manifold_figures(
        real.features,
        synthetic.features,
        real_patients=real.patients,
        synthetic_patients=synthetic.patients,
        seed=seed,
    )


def references(real: Sample, normal: Sample, *, seed: int = 0) -> list[Figure]:
    """What is near and what is far: half of the real class against the other half, the class against normal.

    Args:
        real: Real images of a class.
        normal: Real images without it; those of the class's patients are left out.
        seed: Decides the halves and seeds the intervals.
    """
    first, second = real.halves(np.random.default_rng(seed))
    others = normal.pick(np.array([patient not in set(real.patients) for patient in normal.patients], bool))
    return distances(first, second, suffix=", real vs real", seed=seed) + distances(
        real, others, suffix=", class vs normal", seed=seed
    )
